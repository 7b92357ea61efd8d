package compare

import (
	"context"
	"fmt"
	"slices"
	"sync"
)

// Subject names what is compared.
type Subject struct {
	// Name is the column's title.
	Name string
	// Module is the Go module whose version is shown; "std" is the standard library's
	// and "" none.
	Module string
	// Settings says how the subject is set up, in a sentence for the reader.
	Settings string
}

// About returns s, so that whatever embeds a Subject is [Named].
func (s Subject) About() Subject { return s }

// Named is whatever can be a column: it embeds a [Subject].
type Named interface{ About() Subject }

// A Behaviour is one question to subjects of the kind S, and a row of the table.
type Behaviour[S any] struct {
	// ID is how the command line names it.
	ID string
	// Title is the row's title.
	Title string
	// Asks says what is done, and what is right, in a sentence or two.
	Asks string
	// Run puts the question to one subject. An error means that it could not be put,
	// because the subject could not be set up for instance; that the subject fails is
	// an Outcome. Run must be safe for concurrent use and leave nothing running.
	Run func(ctx context.Context, s S) (Outcome, error)
}

// run makes an error of a panic in what the subject does, which the message then names.
func (b Behaviour[S]) run(ctx context.Context, s S) (o Outcome, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v", v)
		}
	}()
	return b.Run(ctx, s)
}

// A Table is the behaviours of one kind of subject.
type Table[S Named] struct {
	Title      string
	Behaviours []Behaviour[S]
}

// A Result is a table that has been measured.
type Result struct {
	Title    string
	Subjects []Subject
	Rows     []Row
}

// A Row is what one behaviour came to, an outcome for each subject.
type Row struct {
	ID, Title, Asks string
	Outcomes        []Outcome
}

// Only returns the table with the behaviours whose ID is in ids.
func (t Table[S]) Only(ids ...string) Table[S] {
	t.Behaviours = slices.DeleteFunc(slices.Clone(t.Behaviours), func(b Behaviour[S]) bool { return !slices.Contains(ids, b.ID) })
	return t
}

// Rows returns the rows of the table, without outcomes.
func (t Table[S]) Rows() []Row {
	var rows []Row
	for _, b := range t.Behaviours {
		rows = append(rows, Row{ID: b.ID, Title: b.Title, Asks: b.Asks})
	}
	return rows
}

// Measure puts every behaviour to every subject: one behaviour after the other, and
// each to all subjects at once, since most of the time is spent waiting.
func (t Table[S]) Measure(ctx context.Context, subjects []S) (Result, error) {
	result := Result{Title: t.Title}
	for _, s := range subjects {
		result.Subjects = append(result.Subjects, s.About())
	}
	for _, b := range t.Behaviours {
		row := Row{ID: b.ID, Title: b.Title, Asks: b.Asks, Outcomes: make([]Outcome, len(subjects))}
		errs := make([]error, len(subjects))
		var wg sync.WaitGroup
		for i, s := range subjects {
			wg.Go(func() { row.Outcomes[i], errs[i] = b.run(ctx, s) })
		}
		wg.Wait()
		if err := ctx.Err(); err != nil {
			return result, err // and what was seen at the end is not to be relied on
		}
		for i, err := range errs {
			if err != nil {
				return result, fmt.Errorf("%s: %s: %w", b.ID, subjects[i].About().Name, err)
			}
		}
		result.Rows = append(result.Rows, row)
	}
	return result, nil
}
