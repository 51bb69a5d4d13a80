//go:build 386 || arm || mips || mipsle

package needs64

var _ = ciokitAndItsKitNeedASystemOf64Bits
