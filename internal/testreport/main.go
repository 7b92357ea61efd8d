// Command testreport reads `go test -json` on standard input and prints what a
// person wants to know: a line for each package, the output of what failed,
// and what was skipped and why. It exits 1 when a test failed, and with
// -noskip also when one was skipped.
//
//	go test -json ./... | testreport -noskip
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

func main() {
	noskip := flag.Bool("noskip", false, "a skipped test is a failure")
	flag.Parse()
	ok, err := report(os.Stdin, os.Stdout, *noskip)
	if err != nil {
		fmt.Fprintln(os.Stderr, "testreport:", err)
	}
	if err != nil || !ok {
		os.Exit(1)
	}
}

// event is one line of `go doc test2json`.
type event struct {
	Action     string
	Package    string
	ImportPath string // of build events
	Test       string
	Elapsed    float64 // seconds
	Output     string
}

// key names a test, or with an empty test its package.
type key struct{ pkg, test string }

type reporter struct {
	out             io.Writer
	noskip          bool
	output          map[key][]string
	passed, skipped map[string]int // tests by package
	packages        int
	ok              bool
}

// report copies the essence of the events in r to w and says whether all is
// well. No package at all is not well: something did not even start.
func report(r io.Reader, w io.Writer, noskip bool) (bool, error) {
	rep := &reporter{out: w, noskip: noskip, ok: true, output: map[key][]string{}, passed: map[string]int{}, skipped: map[string]int{}}
	in := bufio.NewReader(r)
	for {
		line, err := in.ReadString('\n')
		if line = strings.TrimSpace(line); line != "" {
			var e event
			if json.Unmarshal([]byte(line), &e) != nil {
				fmt.Fprintln(w, line) // the go command's own complaints
			} else {
				rep.take(e)
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return false, fmt.Errorf("reading test events: %w", err)
		}
	}
	if rep.packages == 0 {
		fmt.Fprintln(w, "no package was tested")
		return false, nil
	}
	return rep.ok, nil
}

func (r *reporter) take(e event) {
	k := key{e.Package, e.Test}
	switch e.Action {
	case "output":
		r.output[k] = append(r.output[k], e.Output)
		return
	case "build-output":
		fmt.Fprint(r.out, e.Output)
		return
	case "build-fail":
		r.ok = false
		return
	case "pass", "fail", "skip":
	default:
		return
	}
	if e.Test == "" {
		r.packageDone(e)
	} else {
		r.testDone(e)
	}
	delete(r.output, k)
}

func (r *reporter) testDone(e event) {
	switch e.Action {
	case "pass":
		r.passed[e.Package]++
	case "fail":
		r.ok = false
		fmt.Fprintf(r.out, "FAIL %s %s\n", e.Package, e.Test)
		r.show(e)
	case "skip":
		r.skipped[e.Package]++
		if r.noskip {
			r.ok = false
		}
		fmt.Fprintf(r.out, "SKIP %s %s\n", e.Package, e.Test)
		r.show(e)
	}
}

func (r *reporter) packageDone(e event) {
	r.packages++
	took := time.Duration(e.Elapsed * float64(time.Second)).Round(100 * time.Millisecond)
	switch e.Action {
	case "skip":
		fmt.Fprintf(r.out, "  -   %s (no tests)\n", e.Package)
	case "pass":
		fmt.Fprintf(r.out, "ok    %s %v: %d passed, %d skipped\n", e.Package, took, r.passed[e.Package], r.skipped[e.Package])
	case "fail":
		r.ok = false
		fmt.Fprintf(r.out, "FAIL  %s %v\n", e.Package, took)
		r.show(e) // a panic or a timeout has its stack here
	}
}

// show prints what a test wrote, without the lines that only say that it ran.
func (r *reporter) show(e event) {
	for _, line := range r.output[key{e.Package, e.Test}] {
		if s := strings.TrimSpace(line); strings.HasPrefix(s, "=== ") || strings.HasPrefix(s, "--- ") {
			continue
		}
		fmt.Fprint(r.out, "      ", line)
	}
}
