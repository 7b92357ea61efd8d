package tap

import (
	"net/http"
	"runtime"
	"strconv"
	"strings"

	"github.com/standpipe-go/standpipe/internal/panics"
)

// Panic is a panic that has been recovered.
type Panic struct {
	Text  string // the type of what was panicked with, or what the runtime says
	Stack string // functions and lines, the innermost first, without arguments
}

// Recovered says what value was. It is called by the deferred function that has recovered
// it, or by what that calls, so that the stack is the panic's.
func Recovered(value any) Panic {
	return Panic{Text: panics.New("the program", value).Error(), Stack: stack()}
}

// Middleware returns a handler that reports a panic of next, and then panics on: what the
// client is told is decided outside of it, as before. http.ErrAbortHandler, which ends a
// response on purpose, is not reported.
func Middleware(next http.Handler, report func(*http.Request, Panic)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			value := recover()
			if value == nil {
				return
			}
			if value != http.ErrAbortHandler {
				report(r, Recovered(value))
			}
			panic(value)
		}()
		next.ServeHTTP(w, r)
	})
}

// maxFrames bounds a stack.
const maxFrames = 64

// stack is that of the goroutine from the function on that has panicked, or, where there
// is none, that has called Recovered. A debug.Stack would show arguments.
func stack() string {
	pcs := make([]uintptr, maxFrames)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs)])
	var lines []string
	for {
		f, more := frames.Next()
		if f.Function == "runtime.gopanic" {
			lines = lines[:0] // what has recovered, and who asked it to
		} else if f.Function != "" && !strings.HasPrefix(f.Function, "runtime.") {
			lines = append(lines, f.Function+"\n\t"+f.File+":"+strconv.Itoa(f.Line))
		}
		if !more {
			return strings.Join(lines, "\n")
		}
	}
}
