package house

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// notYet names the sentences that wait for a part that does not exist, with
// the reason. A sentence that has its test must leave this list.
var notYet = map[string]string{}

var sentence = regexp.MustCompile(`(?m)^- ([A-Z][0-9]+) `)

func TestEverySentenceOfCorrectnessHasItsTest(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(root, "CORRECTNESS.md"))
	require.NoError(t, err)
	var ids []string
	for _, m := range sentence.FindAllSubmatch(raw, -1) {
		ids = append(ids, string(m[1]))
	}
	require.NotEmpty(t, ids)
	require.Len(t, slices.Compact(slices.Sorted(slices.Values(ids))), len(ids), "an ID is given twice")

	carried := map[string]bool{}
	for _, file := range repositoryFiles(t) {
		// This file names IDs without proving anything.
		if strings.HasSuffix(file, "_test.go") && filepath.Base(file) != "correctness_test.go" {
			for _, id := range idsIn(t, file, nil) {
				carried[id] = true
			}
		}
	}
	var missing []string
	for _, id := range ids {
		switch {
		case !carried[id] && notYet[id] == "":
			missing = append(missing, id)
		case carried[id] && notYet[id] != "":
			t.Errorf("%s has a test now and leaves the list notYet", id)
		}
	}
	require.Empty(t, missing, "no test carries these sentences of CORRECTNESS.md")
	for id := range notYet {
		require.Contains(t, ids, id)
	}
}

var idInText = regexp.MustCompile(`[CDPXWJOTL][0-9]{1,2}`)

// idsIn returns the IDs that a test file carries: in the name of a test, in a
// comment, or at the start of a string (a subtest's name). An ID in the middle
// of data is none.
func idsIn(t *testing.T, file string, src any) []string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, src, parser.ParseComments|parser.SkipObjectResolution)
	require.NoError(t, err)
	var ids []string
	for _, group := range f.Comments {
		ids = append(ids, idsOf(group.Text(), false)...)
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			ids = append(ids, idsOf(n.Name.Name, false)...)
		case *ast.BasicLit:
			if text, err := strconv.Unquote(n.Value); n.Kind == token.STRING && err == nil {
				ids = append(ids, idsOf(text, true)...)
			}
		}
		return true
	})
	return ids
}

// idsOf returns the IDs that stand in text as words of their own.
func idsOf(text string, startOnly bool) []string {
	var ids []string
	for _, at := range idInText.FindAllStringIndex(text, -1) {
		before, after := text[:at[0]], text[at[1]:]
		if startOnly && before != "" {
			break
		}
		if wordEnds(before) && !startsWord(after) {
			ids = append(ids, text[at[0]:at[1]])
		}
	}
	return ids
}

// wordEnds reports whether an ID may follow: after nothing, after a separator,
// after the Test of a test's name, or after another ID.
func wordEnds(before string) bool {
	if before == "" {
		return true
	}
	for _, word := range []string{"Test", "Fuzz", "Benchmark", "Example", "And"} {
		if strings.HasSuffix(before, word) {
			return true
		}
	}
	last := before[len(before)-1]
	return !isLetter(last) && !isDigit(last)
}

func startsWord(after string) bool {
	return after != "" && (after[0] >= 'a' && after[0] <= 'z' || isDigit(after[0]))
}

func isLetter(b byte) bool { return b|0x20 >= 'a' && b|0x20 <= 'z' }
func isDigit(b byte) bool  { return b >= '0' && b <= '9' }

func TestIDsAreFoundWhereTheyAreCarried(t *testing.T) {
	const src = `package p

// C1 and C2: a comment.
func TestW7_DuplicateHeader(t *testing.T) {
	t.Run("J4 typ", nil)
	t.Run("x509/O1", nil) // no: in the middle of data
	_ = "O1dGVzdA" // no: base64
}

 func FuzzX1AndX2(f *testing.F) {}

// no: RC4, L1x, W260
func TestX509(t *testing.T) {}
`
	got := idsIn(t, "p_test.go", src)
	slices.Sort(got)
	require.Equal(t, []string{"C1", "C2", "J4", "W7", "X1", "X2"}, got)
}

// What SECURITY.md promises is held by sentences that stand.
func TestSecurityNamesSentencesThatStand(t *testing.T) {
	promised, err := os.ReadFile(filepath.Join(root, "SECURITY.md"))
	require.NoError(t, err)
	stand, err := os.ReadFile(filepath.Join(root, "CORRECTNESS.md"))
	require.NoError(t, err)
	found := regexp.MustCompile(`\b[A-Z][0-9]+\b`).FindAllString(string(promised), -1)
	require.NotEmpty(t, found)
	for _, id := range found {
		if !strings.Contains(string(stand), "\n- "+id+" ") {
			t.Errorf("SECURITY.md names %s, which CORRECTNESS.md does not have", id)
		}
	}
}
