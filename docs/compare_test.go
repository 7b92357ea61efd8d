package docs

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// measured is what docs/compare.md says, by the row's title and the library's name.
func measured(t *testing.T) map[string]map[string]string {
	t.Helper()
	text, err := os.ReadFile("compare.md")
	require.NoError(t, err)
	cells := map[string]map[string]string{}
	var names []string
	for _, row := range (page{text: string(text)}).tables() {
		if row[0] == "" {
			names = row
			continue
		}
		cells[row[0]] = map[string]string{}
		for i, cell := range row[1:] {
			name := names[i+1][:strings.LastIndex(names[i+1], " ")] // without the version
			cells[row[0]][strings.TrimSuffix(name, " this")] = cell
		}
	}
	return cells
}

// README's first screen says nothing of others that make compare has not seen.
func TestReadmeSaysWhatWasMeasured(t *testing.T) {
	text, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	readme := string(text)
	page, err := os.ReadFile("compare.md")
	require.NoError(t, err)
	_, after, _ := strings.Cut(string(page), "`make compare` saw on ")
	date, _, _ := strings.Cut(after, ":")
	require.Contains(t, readme, "measured it on "+date)

	cells := measured(t)
	for _, c := range []struct{ says, row, library, cell string }{
		{"go-retryablehttp sends a keyless POST 5 times, resty v2 and azcore 4 times; here it is sent once", "Keyless POST, connection reset", "go-retryablehttp", "sent 5 times"},
		{"", "Keyless POST, connection reset", "resty v2", "sent 4 times"},
		{"", "Keyless POST, connection reset", "azcore", "sent 4 times"},
		{"", "Keyless POST, connection reset", "Standpipe", "sent once"},
		{"go-retryablehttp sends 5.0 requests each, resty and azcore 4.0; here it is 1.03", "1,000 calls in a total outage", "go-retryablehttp", "5.00 requests"},
		{"", "1,000 calls in a total outage", "resty v2", "4.00 requests"},
		{"", "1,000 calls in a total outage", "resty v3", "4.00 requests"},
		{"", "1,000 calls in a total outage", "azcore", "4.00 requests"},
		{"", "1,000 calls in a total outage", "Standpipe", "1.03 requests"},
		{"each of six HTTP clients leaks the key in 2 of 3 ways; here in none", "Redirected to another origin", "net/http", "2 of 3"},
		{"", "Redirected to another origin", "go-retryablehttp", "2 of 3"},
		{"", "Redirected to another origin", "resty v2", "2 of 3"},
		{"", "Redirected to another origin", "resty v3", "2 of 3"},
		{"", "Redirected to another origin", "failsafe-go", "2 of 3"},
		{"", "Redirected to another origin", "azcore", "2 of 3"},
		{"", "Redirected to another origin", "Standpipe", "0 of 3"},
		{"go-github and go-playground/webhooks accept an unsigned body; here an empty secret is an error when the program starts", "The secret is empty", "go-github", "accepts an unsigned body"},
		{"", "The secret is empty", "go-playground/webhooks", "accepts an unsigned body"},
		{"", "The secret is empty", "Standpipe, GitHub", "refused when it is made"},
		{"x/oauth2 with a source for each: 8 refreshes, 7 fail, the grant is dead; here 1 refresh and none fails, in two processes too", "Eight requests at once, the token has expired", "x/oauth2, a source for each request", "8 refresh requests, 7 fail, the grant is dead"},
		{"", "Eight requests at once, the token has expired", "Standpipe", "1 refresh request, 0 fail"},
		{"", "The same in two processes", "Standpipe", "1 refresh request, 0 fail"},
	} {
		require.Contains(t, readme, c.says)
		require.Contains(t, cells[c.row][c.library], c.cell, "%s: %s", c.row, c.library)
	}

	// Of the hostile tokens the sum of four rows.
	const says = "of 121 hostile tokens golang-jwt accepts 36, jwx 35, go-oidc 28, go-jose 14; here it is 0"
	require.Contains(t, readme, says)
	for library, want := range map[string]int{"golang-jwt": 36, "jwx": 35, "go-oidc": 28, "go-jose": 14, "Standpipe": 0} {
		accepted, of := 0, 0
		for row, byLibrary := range cells {
			if cell, ok := byLibrary[library]; ok && strings.HasPrefix(row, "Hostile tokens: ") {
				n, all := fraction(t, cell)
				accepted, of = accepted+n, of+all
			}
		}
		require.Equal(t, want, accepted, library)
		require.Equal(t, 121, of, library)
	}
}

// fraction reads "✗ 3 of 50 accepted".
func fraction(t *testing.T, cell string) (n, of int) {
	t.Helper()
	_, err := fmt.Sscanf(strings.TrimLeft(cell, "✓✗· "), "%d of %d accepted", &n, &of)
	require.NoError(t, err, cell)
	return n, of
}
