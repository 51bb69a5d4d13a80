//go:build !race

package emulator_test

// raceDetector makes everything several times slower.
const raceDetector = false
