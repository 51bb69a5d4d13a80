// Package notebooktest tests the notebooks of this repository: it has no code of its own.
//
// Every cell of every notebook is compiled, run as a process of its own, and what it prints is compared with what is saved in the notebook.
// No Jupyter is needed for that; .ci/notebooks runs them in a real one.
package notebooktest
