package compare_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/compare"
)

func colours(run func(context.Context, compare.Caller) (compare.Outcome, error)) compare.Table[compare.Caller] {
	return compare.Table[compare.Caller]{Title: "Colours", Behaviours: []compare.Behaviour[compare.Caller]{
		{ID: "red", Title: "Is it red | or so", Asks: "It is to be red.", Run: run},
		{ID: "blue", Title: "Is it blue", Asks: "It is to be blue.", Run: run},
	}}
}

func TestMeasureKeepsTheOrder(t *testing.T) {
	t.Parallel()
	table := colours(func(_ context.Context, c compare.Caller) (compare.Outcome, error) {
		if c.Name == "first" { // it is the last to end
			time.Sleep(10 * time.Millisecond)
		}
		return compare.Outcome{Verdict: compare.Holds, Text: c.Name}, nil
	})
	subjects := []compare.Caller{{Subject: compare.Subject{Name: "first"}}, {Subject: compare.Subject{Name: "second"}}}
	r, err := table.Measure(t.Context(), subjects)
	require.NoError(t, err)
	require.Equal(t, []compare.Subject{{Name: "first"}, {Name: "second"}}, r.Subjects)
	require.Len(t, r.Rows, 2)
	for i, id := range []string{"red", "blue"} {
		require.Equal(t, id, r.Rows[i].ID)
		require.Equal(t, []compare.Outcome{{Verdict: compare.Holds, Text: "first"}, {Verdict: compare.Holds, Text: "second"}}, r.Rows[i].Outcomes)
	}
}

func TestMeasureNamesWhatCouldNotBeAsked(t *testing.T) {
	t.Parallel()
	broken := errors.New("no such setting")
	table := colours(func(context.Context, compare.Caller) (compare.Outcome, error) { return compare.Outcome{}, broken })
	_, err := table.Measure(t.Context(), []compare.Caller{{Subject: compare.Subject{Name: "it"}}})
	require.ErrorIs(t, err, broken)
	require.EqualError(t, err, "red: it: no such setting")
}

func TestMeasureSurvivesASubject(t *testing.T) {
	t.Parallel()
	table := colours(func(context.Context, compare.Caller) (compare.Outcome, error) { panic("no such colour") })
	_, err := table.Measure(t.Context(), []compare.Caller{{Subject: compare.Subject{Name: "it"}}})
	require.EqualError(t, err, "red: it: panic: no such colour")
}

func TestMeasureEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	table := colours(func(context.Context, compare.Caller) (compare.Outcome, error) {
		cancel()
		return compare.Outcome{}, nil
	})
	r, err := table.Measure(ctx, []compare.Caller{{}})
	require.ErrorIs(t, err, context.Canceled)
	require.Empty(t, r.Rows)
}

func TestOnly(t *testing.T) {
	t.Parallel()
	table := compare.Calls()
	require.Len(t, table.Only("recovers", "outage").Rows(), 2)
	require.Empty(t, table.Only().Rows())
	require.Greater(t, len(table.Rows()), 10, "the table itself is as it was")
}

func TestEveryRowSaysWhatItAsks(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, rows := range [][]compare.Row{compare.Calls().Rows(), compare.Grants().Rows(), compare.Hooks().Rows(), compare.Tokens().Rows()} {
		require.NotEmpty(t, rows)
		for _, r := range rows {
			require.Regexp(t, `^[a-z]+(-[a-z]+)*$`, r.ID)
			require.False(t, seen[r.ID], r.ID)
			seen[r.ID] = true
			require.NotEmpty(t, r.Title, r.ID)
			require.Regexp(t, `^\S.*\.$`, r.Asks, r.ID)
		}
	}
}

func results() []compare.Result {
	return []compare.Result{{
		Title: "Colours",
		Subjects: []compare.Subject{
			{Name: "ours", Module: "std", Settings: "as it comes."},
			{Name: "others", Settings: "with a brush."},
		},
		Rows: []compare.Row{{ID: "red", Title: "Is it red | or so", Asks: "It is to be red.", Outcomes: []compare.Outcome{
			{Verdict: compare.Holds, Text: "deep red"}, {Verdict: compare.NotCovered, Text: "it is white", Details: []string{"white"}},
		}}},
	}}
}

func TestMarkdown(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	require.NoError(t, compare.WriteMarkdown(&b, time.Date(2026, 11, 26, 23, 0, 0, 0, time.UTC), results()))
	page := b.String()
	for _, line := range []string{
		"## Colours",
		"| | ours " + runtime.Version() + " | others |",
		`| Is it red \| or so | ✓ deep red | – |`,
		"- **Is it red | or so** (`red`). It is to be red.",
		"- **ours** " + runtime.Version() + ": as it comes.",
		"- **others**: with a brush.",
	} {
		require.Contains(t, strings.Split(page, "\n"), line)
	}
	require.Contains(t, page, "on 2026-11-26:")
}

func TestText(t *testing.T) {
	t.Parallel()
	var brief, whole strings.Builder
	require.NoError(t, compare.WriteText(&brief, results(), false))
	require.Equal(t, "COLOURS\n\nIs it red | or so (red)\n  ours    ✓ deep red\n  others  –\n\n", brief.String())
	require.NoError(t, compare.WriteText(&whole, results(), true))
	require.Contains(t, whole.String(), "\n            - white\n")
}

func TestVersion(t *testing.T) {
	t.Parallel()
	require.Regexp(t, `^go\d`, compare.Subject{Module: "std"}.Version())
	require.Empty(t, compare.Subject{Module: "example.com/unknown"}.Version())
	require.Empty(t, compare.Subject{}.Version())
}
