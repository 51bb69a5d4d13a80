//go:build !race

package notebooktest

// raceDetector makes everything several times slower.
const raceDetector = false
