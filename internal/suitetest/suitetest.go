package suitetest

import (
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Broken is an implementation that breaks one rule of a suite.
type Broken struct {
	// Check names the check that must fail, as the suite does.
	Check string
	// Says is a part of what it must say.
	Says string
	// Run runs the suite over the implementation.
	Run func(t *testing.T)
}

// variable tells a process that it is to run the suites of the test that it names.
const variable = "STANDPIPE_SUITETEST"

// Catches runs a suite over each of the broken implementations. It fails t where the
// check that is named does not fail, or says something else, and where a check of the
// suite is named by none: such a check is not known to notice anything. t must be the
// test itself and no subtest, and do nothing else: the suites run in a process of its
// own, which starts it again.
func Catches(t *testing.T, broken map[string]Broken) {
	t.Helper()
	names := slices.Sorted(maps.Keys(broken))
	if os.Getenv(variable) == t.Name() {
		for _, name := range names {
			t.Run(name, broken[name].Run)
		}
		return
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, "-test.run=^"+regexp.QuoteMeta(t.Name())+"$", "-test.v", "-test.count=1", "-test.timeout=5m")
	cmd.Env = append(os.Environ(), variable+"="+t.Name())
	out, err := cmd.CombinedOutput()
	if err == nil {
		t.Fatal("every broken implementation passes")
	}
	r := read(out)
	// Without this line it has broken off, and told nothing of what had failed by then.
	if _, ended := r.failed[t.Name()]; !ended {
		t.Fatalf("the suites' process did not come to its end (%v):\n%s", err, out)
	}
	proven := map[string]bool{}
	for _, name := range names {
		b := broken[name]
		check := t.Name() + "/" + asName(name) + "/" + asName(b.Check)
		switch {
		case !r.ran[check]:
			t.Errorf("%s: the check %q did not run:\n%s", name, b.Check, out)
		case !r.failed[check]:
			t.Errorf("%s: the check %q passes", name, b.Check)
		case !strings.Contains(r.said[check], b.Says):
			t.Errorf("%s: the check %q does not say %q:\n%s", name, b.Check, b.Says, r.said[check])
		default:
			proven[asName(b.Check)] = true
		}
	}
	for _, check := range slices.Sorted(maps.Keys(r.ran)) {
		if parts := strings.Split(check, "/"); len(parts) == 3 && !proven[parts[2]] {
			t.Errorf("the check %q fails for no implementation", parts[2])
			proven[parts[2]] = true // said once
		}
	}
}

// asName is what package testing makes of a subtest's name.
func asName(s string) string { return strings.ReplaceAll(s, " ", "_") }

// report is what a test's verbose output says, by the names of tests.
type report struct {
	ran, failed map[string]bool
	said        map[string]string
}

var (
	runs = regexp.MustCompile(`^=== (?:RUN|NAME|CONT) +(\S+)$`)
	ends = regexp.MustCompile(`^ *--- (FAIL|PASS|SKIP): (\S+) \(`)
)

func read(out []byte) report {
	r := report{map[string]bool{}, map[string]bool{}, map[string]string{}}
	current := ""
	for line := range strings.Lines(string(out)) { // of any length
		line = strings.TrimRight(line, "\r\n")
		if m := runs.FindStringSubmatch(line); m != nil {
			current = m[1]
			r.ran[current] = true
		} else if m := ends.FindStringSubmatch(line); m != nil {
			r.failed[m[2]] = m[1] == "FAIL"
		} else {
			r.said[current] += line + "\n"
		}
	}
	return r
}
