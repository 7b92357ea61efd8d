package compare

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// WriteMarkdown writes the results as a page: the tables, and under them what each row
// asks and how each subject is set up. The page names the day and the versions, and
// nothing of the machine.
func WriteMarkdown(w io.Writer, day time.Time, results []Result) error {
	var b strings.Builder
	b.WriteString("# Compared with others\n\n")
	b.WriteString("<!-- Written by make compare; do not edit. -->\n\n")
	fmt.Fprintf(&b, "What `make compare` saw on %s: every cell is what happened when the behaviour was put to that version\n", day.UTC().Format(time.DateOnly))
	b.WriteString("of that library, on loopback, with the settings named at the end. ✓ is what the row asks for, ✗ what it warns of,\n")
	b.WriteString("· neither, and – stands where a library does not set out to do this. The libraries of a row run at the same time, each\n")
	b.WriteString("against servers of its own; times and counts vary a little from run to run.\n")
	b.WriteString("To put your own transport or verifier to the same questions, see the example of package `compare`.\n")
	for _, r := range results {
		fmt.Fprintf(&b, "\n## %s\n\n", r.Title)
		r.table(&b)
	}
	b.WriteString("\n## What each row asks\n")
	for _, r := range results {
		fmt.Fprintf(&b, "\n%s:\n\n", r.Title)
		for _, row := range r.Rows {
			fmt.Fprintf(&b, "- **%s** (`%s`). %s\n", row.Title, row.ID, row.Asks)
		}
	}
	b.WriteString("\n## Versions and settings\n")
	for _, r := range results {
		fmt.Fprintf(&b, "\n%s:\n\n", r.Title)
		for _, s := range r.Subjects {
			fmt.Fprintf(&b, "- **%s**", s.Name)
			if s.Module != "" && s.Module != "std" {
				fmt.Fprintf(&b, " (%s)", s.Module)
			}
			if v := s.Version(); v != "" {
				fmt.Fprintf(&b, " %s", v)
			}
			fmt.Fprintf(&b, ": %s\n", s.Settings)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// table writes the rows as a Markdown table, with the versions under the names.
func (r Result) table(b *strings.Builder) {
	b.WriteString("| |")
	for _, s := range r.Subjects {
		fmt.Fprintf(b, " %s |", strings.TrimSpace(s.Name+" "+s.Version()))
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(r.Subjects)) + "\n")
	for _, row := range r.Rows {
		fmt.Fprintf(b, "| %s |", cell(row.Title))
		for _, o := range row.Outcomes {
			fmt.Fprintf(b, " %s |", cell(o.String()))
		}
		b.WriteString("\n")
	}
}

func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

// WriteText writes the results as lines for a terminal, a row at a time; with details
// also what the outcomes count.
func WriteText(w io.Writer, results []Result, details bool) error {
	var b strings.Builder
	for _, r := range results {
		fmt.Fprintf(&b, "%s\n", strings.ToUpper(r.Title))
		width := len(slices.MaxFunc(r.Subjects, func(x, y Subject) int { return len(x.Name) - len(y.Name) }).Name)
		for _, row := range r.Rows {
			fmt.Fprintf(&b, "\n%s (%s)\n", row.Title, row.ID)
			for i, o := range row.Outcomes {
				fmt.Fprintf(&b, "  %-*s  %s\n", width, r.Subjects[i].Name, o)
				for _, d := range o.Details {
					if details {
						fmt.Fprintf(&b, "  %-*s    - %s\n", width, "", d)
					}
				}
			}
		}
		b.WriteString("\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}
