//go:build !race

package erasure_test

// raceDetector makes everything several times slower.
const raceDetector = false
