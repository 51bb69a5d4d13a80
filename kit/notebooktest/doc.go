// Package notebooktest tests the notebooks of this repository: it has no code of its own.
//
// Every cell of every notebook is compiled and run in a separate process. Its output is compared with the output that is saved in the notebook.
// No Jupyter is needed for that; .ci/notebooks runs them in a real one.
package notebooktest
