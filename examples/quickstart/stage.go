package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/standpipe-go/standpipe/client"
)

// stage is what scenes play on.
type stage struct {
	out io.Writer
	cfg config
}

func (s *stage) say(format string, args ...any) { fmt.Fprintf(s.out, "   "+format+"\n", args...) }

// attempts prints a call's ledger.
func (s *stage) attempts(list []client.Attempt) {
	for _, a := range list {
		what := fmt.Sprint(a.Status)
		if a.Status == 0 {
			what = a.Err.Error()
		}
		line := fmt.Sprintf("attempt %d: %s, %s", a.Number, what, a.Reason.Text())
		if a.Wait > 0 {
			line += fmt.Sprintf(" after %v", a.Wait.Round(10*time.Millisecond))
		}
		s.say("%s", line)
	}
}

// expect is an error that says what was not as it should be.
func expect(ok bool, what string) error {
	if ok {
		return nil
	}
	return fmt.Errorf("not as expected: %s", what)
}

func hidden(credential string) string {
	if len(credential) < 12 {
		return credential
	}
	return credential[:11] + strings.Repeat("•", 6)
}
