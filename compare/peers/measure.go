package peers

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/standpipe-go/standpipe/compare"
)

// Selection says what of it all is wanted. The zero Selection is everything.
type Selection struct {
	// Only are the IDs of the behaviours; none means all.
	Only []string
	// Peer is part of the name of the subjects to ask beside Standpipe, in any case.
	Peer string
}

// Measure puts the behaviours to the peers, all tables one after the other.
func Measure(ctx context.Context, s Selection) ([]compare.Result, error) {
	known := Behaviours()
	for _, id := range s.Only {
		if !slices.ContainsFunc(known, func(r compare.Row) bool { return r.ID == id }) {
			return nil, fmt.Errorf("no behaviour %q; -list names them", id)
		}
	}
	var results []compare.Result
	for _, t := range tables(s) {
		r, err := t.measure(ctx)
		if err != nil {
			return nil, err
		}
		if len(r.Rows) > 0 && len(r.Subjects) > 0 {
			results = append(results, r)
		}
	}
	return results, nil
}

// Behaviours are the rows of all tables, without outcomes.
func Behaviours() []compare.Row {
	var rows []compare.Row
	for _, t := range tables(Selection{}) {
		rows = append(rows, t.rows...)
	}
	return rows
}

// table is a compare.Table with its subjects, whatever their kind.
type table struct {
	rows    []compare.Row
	measure func(context.Context) (compare.Result, error)
}

func tables(s Selection) []table {
	return []table{
		with(s, compare.Calls(), Callers()),
		with(s, compare.Grants(), Keepers()),
		with(s, compare.Hooks(), Receivers()),
		with(s, compare.Tokens(), Checkers()),
	}
}

func with[S compare.Named](s Selection, t compare.Table[S], subjects []S) table {
	if len(s.Only) > 0 {
		t = t.Only(s.Only...)
	}
	if s.Peer != "" {
		subjects = slices.DeleteFunc(subjects, func(x S) bool {
			name := strings.ToLower(x.About().Name)
			return !strings.HasPrefix(name, "standpipe") && !strings.Contains(name, strings.ToLower(s.Peer))
		})
	}
	return table{rows: t.Rows(), measure: func(ctx context.Context) (compare.Result, error) { return t.Measure(ctx, subjects) }}
}
