package main

import (
	"strings"
	"testing"

	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

const passing = `{"Action":"start","Package":"p"}
{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:1: chatter\n"}
{"Action":"pass","Package":"p","Test":"TestA","Elapsed":0}
{"Action":"pass","Package":"p","Elapsed":1.234}
`

func TestReport(t *testing.T) {
	for _, c := range []struct {
		name, in   string
		noskip, ok bool
		has, lacks []string
	}{
		{"all pass", passing, true, true, []string{"ok    p 1.2s: 1 passed, 0 skipped"}, []string{"chatter"}},
		{
			"a failure shows its output",
			`{"Action":"output","Package":"p","Test":"TestA","Output":"=== RUN   TestA\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:1: want 1\n"}
{"Action":"fail","Package":"p","Test":"TestA"}
{"Action":"fail","Package":"p","Elapsed":0.1}`,
			false, false,
			[]string{"FAIL p TestA", "want 1", "FAIL  p"},
			[]string{"=== RUN"},
		},
		{
			"a skip is shown and tolerated",
			`{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:1: missing: tool\n"}
{"Action":"skip","Package":"p","Test":"TestA"}` + "\n" + passing,
			false, true,
			[]string{"SKIP p TestA", "missing: tool", "1 passed, 1 skipped"},
			nil,
		},
		{"a skip fails under -noskip", `{"Action":"skip","Package":"p","Test":"TestA"}` + "\n" + passing, true, false, []string{"SKIP p TestA"}, nil},
		{
			"a panic outside a test",
			`{"Action":"output","Package":"p","Output":"panic: test timed out\n"}
{"Action":"fail","Package":"p","Elapsed":2}`,
			false, false,
			[]string{"panic: test timed out"},
			nil,
		},
		{
			"a package that does not compile",
			`{"ImportPath":"p","Action":"build-output","Output":"a.go:1: undefined: x\n"}
{"ImportPath":"p","Action":"build-fail"}
` + passing,
			false, false,
			[]string{"undefined: x"},
			nil,
		},
		{"a package without tests", `{"Action":"skip","Package":"q","Elapsed":0}` + "\n" + passing, true, true, []string{"q (no tests)"}, nil},
		{"what the go command says itself", "go: cannot find main module\n", false, false, []string{"cannot find main module", "no package was tested"}, nil},
		{"nothing at all", "", false, false, []string{"no package was tested"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			ok, err := report(strings.NewReader(c.in), &out, c.noskip)
			require.NoError(t, err)
			require.Equal(t, c.ok, ok, out.String())
			for _, s := range c.has {
				require.Contains(t, out.String(), s)
			}
			for _, s := range c.lacks {
				require.NotContains(t, out.String(), s)
			}
		})
	}
}
