// Package verify reads people back after a load and holds what a workspace has of them against what the file says.
//
// [Expect] reads the file by its mapping and keeps what the workspace should have of a sample of its people. [Run] asks the App API for each, and says of each
// attribute whether it arrived.
package verify
