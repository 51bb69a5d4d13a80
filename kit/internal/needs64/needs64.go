// Package needs64 prevents packages that import it from being built for 32-bit systems, on which its tests do not run. docs/platforms.md lists what
// runs there.
package needs64
