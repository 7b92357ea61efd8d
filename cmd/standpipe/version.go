package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
)

// printVersion names the module's version, "(devel)" where the program was built in its
// own source tree, and the toolchain.
func printVersion(w io.Writer) error {
	version := "(unknown)"
	if info, ok := debug.ReadBuildInfo(); ok {
		version = info.Main.Version
	}
	_, err := fmt.Fprintf(w, "standpipe %s, %s %s/%s\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}
