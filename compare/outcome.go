package compare

import "fmt"

// Verdict says how an outcome compares with what the row asks for.
type Verdict int

const (
	// Open is an outcome that is neither right nor wrong, such as a plain error.
	Open Verdict = iota
	// Holds is what the row asks for.
	Holds
	// Fails is what the row warns of.
	Fails
	// NotCovered means that the subject does not set out to do this.
	NotCovered
)

func (v Verdict) String() string {
	switch v {
	case Holds:
		return "✓"
	case Fails:
		return "✗"
	case NotCovered:
		return "–"
	}
	return "·"
}

// Outcome is what happened when a behaviour was put to a subject. The zero Outcome
// says nothing.
type Outcome struct {
	Verdict Verdict
	Text    string // what was seen, in a few words; for NotCovered why

	// Details are what the text counts, one by one, where that helps to look into it.
	Details []string
}

// String is the cell of a table: the verdict, and what was seen. Nothing is said of
// what is not covered.
func (o Outcome) String() string {
	if o.Verdict == NotCovered {
		return o.Verdict.String()
	}
	return o.Verdict.String() + " " + o.Text
}

func holds(format string, args ...any) Outcome {
	return Outcome{Verdict: Holds, Text: fmt.Sprintf(format, args...)}
}

func fails(format string, args ...any) Outcome {
	return Outcome{Verdict: Fails, Text: fmt.Sprintf(format, args...)}
}

func open(format string, args ...any) Outcome {
	return Outcome{Verdict: Open, Text: fmt.Sprintf(format, args...)}
}

func notCovered(why string) Outcome { return Outcome{Verdict: NotCovered, Text: why} }

// judged is text with the verdict that right stands for.
func judged(right bool, format string, args ...any) Outcome {
	if right {
		return holds(format, args...)
	}
	return fails(format, args...)
}
