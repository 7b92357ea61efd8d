package sentry

import (
	"path"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
)

// Stacktrace is where something happened ("Stack Trace Interface", Sentry SDK docs).
type Stacktrace struct {
	Frames []Frame `json:"frames"` // the outermost caller first
}

// Frame is one call. Its names are those of the source and not of the machine that it was
// compiled on.
type Frame struct {
	Function string `json:"function,omitempty"`
	Module   string `json:"module,omitempty"` // the import path
	Filename string `json:"filename,omitempty"`
	Line     int    `json:"lineno,omitempty"`
	InApp    bool   `json:"in_app"` // of the program's own module
}

// maxFrames is how many calls a stack trace has.
const maxFrames = 100

// here is the stack of the goroutine, without the runtime's calls and this package's own
// at its top. Where a deferred function looks at a panic, it is the stack of the panic.
func here(module string) *Stacktrace {
	pcs := make([]uintptr, maxFrames)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	var found []Frame
	for more := true; more; {
		var f runtime.Frame
		f, more = frames.Next()
		if f.Function == "runtime.gopanic" {
			found = found[:0] // what is above handles the panic
			continue
		}
		frame := frameOf(f, module)
		if frame.Module == "runtime" || len(found) == 0 && frame.Module == ownModule {
			continue
		}
		found = append(found, frame)
	}
	return outermostFirst(found)
}

// ownModule is the import path of this package.
const ownModule = "github.com/standpipe-go/standpipe/providers/sentry"

func outermostFirst(frames []Frame) *Stacktrace {
	if len(frames) == 0 {
		return nil
	}
	for i, j := 0, len(frames)-1; i < j; i, j = i+1, j-1 {
		frames[i], frames[j] = frames[j], frames[i]
	}
	return &Stacktrace{frames}
}

// at is a stack trace of one call, as a log record knows it.
func at(pc uintptr, module string) *Stacktrace {
	if pc == 0 {
		return nil
	}
	f, _ := runtime.CallersFrames([]uintptr{pc}).Next()
	return &Stacktrace{[]Frame{frameOf(f, module)}}
}

func frameOf(f runtime.Frame, module string) Frame {
	pkg, function := splitFunction(f.Function)
	frame := Frame{Function: function, Module: pkg, Line: f.Line}
	if f.File != "" {
		frame.Filename = path.Join(pkg, filepath.Base(f.File))
	}
	frame.InApp = pkg == "main" || module != "" && (pkg == module || strings.HasPrefix(pkg, module+"/"))
	return frame
}

// splitFunction splits "example.com/shop/pay.(*Desk).Charge.func1" behind the package.
func splitFunction(name string) (pkg, function string) {
	slash := strings.LastIndexByte(name, '/') + 1
	dot := strings.IndexByte(name[slash:], '.')
	if dot < 0 {
		return "", name
	}
	// The compiler escapes the dots of a path's last element: gopkg.in/yaml%2ev3.
	return strings.ReplaceAll(name[:slash+dot], "%2e", "."), name[slash+dot+1:]
}

// mainModule is the path of the program's module, "" where it is not known.
func mainModule() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	return info.Main.Path
}
