package docs

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// block is a fenced block of a page.
type block struct {
	language string
	line     int // of its first line, from 1
	lines    []string
}

// blocks returns the fenced blocks, and the page's lines without them: those of a block
// are empty there, so that the numbers stay.
func (p page) blocks() (fenced []block, rest []string) {
	open := -1
	for i, line := range strings.Split(p.text, "\n") {
		fence, isFence := strings.CutPrefix(strings.TrimSpace(line), "```")
		switch {
		case isFence && open < 0:
			fenced = append(fenced, block{language: fence, line: i + 2})
			open = len(fenced) - 1
			line = ""
		case isFence:
			open, line = -1, ""
		case open >= 0:
			fenced[open].lines = append(fenced[open].lines, strings.TrimRight(line, " \t"))
			line = ""
		}
		rest = append(rest, line)
	}
	return fenced, rest
}

var codeSpan = regexp.MustCompile("`([^`]+)`")

// spans returns what stands in backticks outside of blocks.
func (p page) spans() []string {
	_, rest := p.blocks()
	var spans []string
	for _, m := range codeSpan.FindAllStringSubmatch(strings.Join(rest, "\n"), -1) {
		spans = append(spans, strings.Join(strings.Fields(m[1]), " "))
	}
	return spans
}

var (
	heading    = regexp.MustCompile(`^#{1,6} +(.*)$`)
	notInSlugs = regexp.MustCompile(`[^\p{L}\p{N}_ -]`)
)

// anchors are the names that links can give to the page's headings.
func (p page) anchors() map[string]bool {
	found := map[string]bool{}
	_, rest := p.blocks()
	for _, line := range rest {
		if m := heading.FindStringSubmatch(line); m != nil {
			slug := notInSlugs.ReplaceAllString(strings.ToLower(m[1]), "")
			found[strings.ReplaceAll(slug, " ", "-")] = true
		}
	}
	return found
}

// tables returns the rows of the page's tables, header rows among them, cell by cell.
func (p page) tables() (rows [][]string) {
	_, rest := p.blocks()
	for _, line := range rest {
		inner, ok := strings.CutPrefix(line, "|")
		if !ok || strings.Trim(line, "|- :") == "" {
			continue
		}
		var cells []string
		for cell := range strings.SplitSeq(strings.TrimSuffix(strings.TrimSpace(inner), "|"), "|") {
			cells = append(cells, strings.TrimSpace(cell))
		}
		rows = append(rows, cells)
	}
	return rows
}

func TestMarkdownIsTakenApart(t *testing.T) {
	p := page{text: "# A `b`, and c\n\n```go\nx := 1\n```\n\nSee `client.New` and `make\ntest`.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"}
	fenced, rest := p.blocks()
	require.Equal(t, []block{{"go", 4, []string{"x := 1"}}}, fenced)
	require.Len(t, rest, 13)
	require.Equal(t, []string{"b", "client.New", "make test"}, p.spans())
	require.Equal(t, map[string]bool{"a-b-and-c": true}, p.anchors())
	require.Equal(t, [][]string{{"a", "b"}, {"1", "2"}}, p.tables())
}

// section returns what stands under a heading of the second level.
func (p page) section(t *testing.T, title string) page {
	t.Helper()
	_, rest, found := strings.Cut(p.text, "\n## "+title+"\n")
	require.True(t, found, "%s has no section %q", p.path, title)
	text, _, _ := strings.Cut(rest, "\n## ")
	return page{p.path, text}
}

// Whoever reads a page to the end has read about a hundred lines, beside the code: what
// takes more is another page. The two tables of facts are for looking things up.
func TestAPageIsShort(t *testing.T) {
	for _, p := range guides(t) {
		if p.path == "docs/providers.md" || p.path == "docs/compare.md" {
			continue
		}
		lines, code := 0, false
		for line := range strings.Lines(p.text) {
			switch {
			case strings.HasPrefix(line, "```"):
				code = !code
			case !code:
				lines++
			}
		}
		require.LessOrEqual(t, lines, 125, "%s: move a part of it to a page of its own", p.path)
	}
}
