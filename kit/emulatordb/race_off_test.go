//go:build !race

package emulatordb_test

// raceDetector makes everything several times slower.
const raceDetector = false
