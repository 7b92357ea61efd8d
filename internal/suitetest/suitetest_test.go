package suitetest

import (
	"os"
	"os/exec"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/internal/leakcheck"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

// suite has two checks, of which each is failed by whoever is asked to.
func suite(t *testing.T, fail string) {
	for _, check := range []string{"the first", "the second"} {
		t.Run(check, func(t *testing.T) {
			t.Log("looking")
			if check == fail {
				t.Errorf("%s rule is broken", check)
			}
		})
	}
}

func breaks(check, says, fail string) Broken {
	return Broken{check, says, func(t *testing.T) { suite(t, fail) }}
}

func TestASuiteThatCatchesAll(t *testing.T) {
	Catches(t, map[string]Broken{
		"one": breaks("the first", "the first rule", "the first"),
		"two": breaks("the second", "the second rule", "the second"),
	})
}

// What Catches must say of suites that catch less. Each runs in a process of its own,
// since it fails.
var lacking = map[string]struct {
	broken map[string]Broken
	says   string
}{
	"TestNothing":    {map[string]Broken{"one": breaks("the first", "", "")}, "every broken implementation passes"},
	"TestOther":      {map[string]Broken{"one": breaks("the first", "", "the second")}, `one: the check "the first" passes`},
	"TestAbsent":     {map[string]Broken{"one": breaks("the third", "", "the second")}, `one: the check "the third" did not run`},
	"TestOtherWords": {map[string]Broken{"one": breaks("the first", "another rule", "the first")}, `one: the check "the first" does not say "another rule"`},
	"TestUnproven":   {map[string]Broken{"one": breaks("the first", "", "the first")}, `the check "the_second" fails for no implementation`},
}

const lackingVariable = "STANDPIPE_SUITETEST_LACKING"

func lack(t *testing.T) {
	if os.Getenv(lackingVariable) != t.Name() {
		t.Skip("fails, and is run by TestCatchesSaysWhatASuiteLacks")
	}
	Catches(t, lacking[t.Name()].broken)
}

func TestNothing(t *testing.T)    { lack(t) }
func TestOther(t *testing.T)      { lack(t) }
func TestAbsent(t *testing.T)     { lack(t) }
func TestOtherWords(t *testing.T) { lack(t) }
func TestUnproven(t *testing.T)   { lack(t) }

func TestCatchesSaysWhatASuiteLacks(t *testing.T) {
	self, err := os.Executable()
	require.NoError(t, err)
	for name, c := range lacking {
		cmd := exec.CommandContext(t.Context(), self, "-test.run=^"+regexp.QuoteMeta(name)+"$", "-test.v")
		cmd.Env = append(os.Environ(), lackingVariable+"="+name)
		out, err := cmd.CombinedOutput()
		require.Error(t, err, name)
		require.Contains(t, string(out), c.says, name)
	}
}
