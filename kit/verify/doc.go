// Package verify reads people back after a load and compares what a workspace has with what the file says.
//
// [Expect] reads the file with its mapping and keeps what the workspace should have for a sample of its people. [Run] asks the App API for each of
// these people, and says for each attribute whether it arrived.
package verify
