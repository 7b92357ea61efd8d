package peers_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/compare"
	"github.com/standpipe-go/standpipe/compare/peers"
)

// ours are the rows in which the table's subject is Standpipe, each measured by itself.
func ours[S compare.Named](t *testing.T, table compare.Table[S], all []S) {
	t.Helper()
	subjects := slices.DeleteFunc(all, func(s S) bool { return !strings.HasPrefix(s.About().Name, "Standpipe") })
	require.NotEmpty(t, subjects)
	for _, row := range table.Rows() {
		t.Run(row.ID, func(t *testing.T) {
			t.Parallel()
			r, err := table.Only(row.ID).Measure(t.Context(), subjects)
			require.NoError(t, err)
			held := 0
			for i, o := range r.Rows[0].Outcomes {
				switch o.Verdict {
				case compare.Holds:
					held++
				case compare.NotCovered:
				default:
					t.Errorf("%s: %s %v", r.Subjects[i].Name, o, o.Details)
				}
			}
			require.NotZero(t, held)
		})
	}
}

func TestStandpipeHolds(t *testing.T) {
	ours(t, compare.Calls(), peers.Callers())
	ours(t, compare.Grants(), peers.Keepers())
	ours(t, compare.Hooks(), peers.Receivers())
	ours(t, compare.Tokens(), peers.Checkers())
}

// One quick row of each table, put to all: each peer can be set up, and does what it is
// for.
func TestPeersAreSetUp(t *testing.T) {
	results, err := peers.Measure(t.Context(), peers.Selection{Only: []string{"recovers", "response-lost", "not-signed", "harmless"}})
	require.NoError(t, err)
	require.Len(t, results, 4)
	for _, r := range results {
		for _, s := range r.Subjects {
			require.NotEmpty(t, s.Settings, s.Name)
		}
		for i, o := range r.Rows[0].Outcomes {
			require.NotEqual(t, compare.Fails, o.Verdict, "%s: %s", r.Subjects[i].Name, o)
		}
	}
}

func TestSelection(t *testing.T) {
	results, err := peers.Measure(t.Context(), peers.Selection{Only: []string{"not-signed"}, Peer: "GO-git"})
	require.NoError(t, err)
	require.Len(t, results, 1)
	var names []string
	for _, s := range results[0].Subjects {
		names = append(names, s.Name)
	}
	require.Equal(t, []string{"Standpipe, Standard Webhooks", "Standpipe, GitHub", "go-github", "Standpipe, Stripe"}, names)

	_, err = peers.Measure(t.Context(), peers.Selection{Only: []string{"no-such"}})
	require.ErrorContains(t, err, `no behaviour "no-such"`)
}

// The page that is committed has the rows of the program, in their order; its figures
// are of the day that it names.
func TestPageHasTheRowsOfTheProgram(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("..", "..", "docs", "compare.md"))
	require.NoError(t, err)
	var got, want []string
	for line := range strings.Lines(string(raw)) {
		title, ok := strings.CutPrefix(line, "| ")
		if !ok || strings.HasPrefix(line, "| |") {
			continue
		}
		title, _, _ = strings.Cut(title, " |")
		got = append(got, title)
	}
	for _, row := range peers.Behaviours() {
		want = append(want, row.Title)
		require.Contains(t, string(raw), row.Asks, "run make compare")
	}
	require.Equal(t, want, got, "run make compare")
	for _, s := range all() {
		require.Contains(t, string(raw), s.Settings, "run make compare")
	}
}

// The page's versions are those that the module is held at.
func TestPageHasTheVersionsOfTheModule(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("..", "..", "docs", "compare.md"))
	require.NoError(t, err)
	mod, err := os.ReadFile(filepath.Join("..", "go.mod"))
	require.NoError(t, err)
	for _, s := range all() {
		if s.Module == "std" {
			continue
		}
		version := "this tree"
		if s.Module != "github.com/standpipe-go/standpipe" {
			m := regexp.MustCompile(`(?m)^\s*` + regexp.QuoteMeta(s.Module) + ` (v\S+)$`).FindSubmatch(mod)
			require.NotNil(t, m, s.Module)
			version = string(m[1])
		}
		require.Contains(t, string(raw), fmt.Sprintf("- **%s** (%s) %s: ", s.Name, s.Module, version), "run make compare")
	}
}

func all() (subjects []compare.Subject) {
	for _, s := range peers.Callers() {
		subjects = append(subjects, s.Subject)
	}
	for _, s := range peers.Keepers() {
		subjects = append(subjects, s.Subject)
	}
	for _, s := range peers.Receivers() {
		subjects = append(subjects, s.Subject)
	}
	for _, s := range peers.Checkers() {
		subjects = append(subjects, s.Subject)
	}
	return subjects
}
