package compare

import (
	"runtime"
	"runtime/debug"
)

// Version is the version of the subject's module in the running program: "this tree"
// for a module that a directory replaces, "" where it is not known.
func (s Subject) Version() string {
	if s.Module == "std" {
		return runtime.Version()
	}
	info, ok := debug.ReadBuildInfo()
	if !ok || s.Module == "" {
		return ""
	}
	for _, m := range info.Deps {
		if m.Path != s.Module {
			continue
		}
		if m.Replace != nil {
			return "this tree"
		}
		return m.Version
	}
	return ""
}
