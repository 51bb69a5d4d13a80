// Package emulatortest has no code but tests: of the emulator's page in a real
// browser, and of the emulator with clients that are not ours.
package emulatortest
