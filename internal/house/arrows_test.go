package house

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// layers names the top folders from the bottom up. A package imports what is
// below it, and its own folder.
var layers = [][]string{
	{"internal"},
	{"retry", "ratelimit", "secret"},
	{"client", "webhook", "session", "oauthflow"},
	{"providers", "inbox"},
	{"on"}, // what the nested modules there share
	{"examples", "recipes", "cmd"},
}

// thirdParty names the only modules of others that code outside of tests may
// import, by top folder or by package.
var thirdParty = map[string][]string{
	"ratelimit":       {"golang.org/x/time"},
	"client":          {"golang.org/x/oauth2", "golang.org/x/time"},
	"oauthflow":       {"golang.org/x/oauth2"},
	"providers/auth0": {"golang.org/x/oauth2"}, "providers/internal/googleaccount": {"golang.org/x/oauth2"},
	"providers/stripe": {"github.com/stripe/stripe-go/v76"},
	// Its types say what the parameters and the objects' fields are.
	"providers/stripe/stripetest": {"github.com/stripe/stripe-go/v76"},
	"providers/resend":            {"github.com/resend/resend-go/v2"},
	"providers/github":            {"golang.org/x/oauth2"},
	"providers/x":                 {"golang.org/x/oauth2"},
	"examples":                    {"golang.org/x/oauth2", "golang.org/x/time", "github.com/stripe/stripe-go/v76", "github.com/resend/resend-go/v2"},
}

func layer(t *testing.T, top string) int {
	t.Helper()
	i := slices.IndexFunc(layers, func(names []string) bool { return slices.Contains(names, top) })
	require.GreaterOrEqual(t, i, 0, "the folder %q has no place in the layers; see CONTRIBUTING.md", top)
	return i
}

func TestImportsPointDownwards(t *testing.T) {
	for _, p := range packages(t) {
		for _, path := range p.Imports {
			if !strings.HasPrefix(path, module+"/") {
				continue
			}
			q := goPackage{ImportPath: path}
			from, to := layer(t, p.top()), layer(t, q.top())
			if p.top() == q.top() {
				continue
			}
			require.Greater(t, from, to, "%s imports %s", p.rel(), q.rel())
		}
	}
}

// speaks says whose API a provider speaks, where that is another provider's.
var speaks = map[string]string{"providers/r2": "providers/s3"}

func TestProvidersAndProgramsStandAlone(t *testing.T) {
	for _, p := range packages(t) {
		if !slices.Contains([]string{"providers", "examples", "cmd"}, p.top()) {
			continue
		}
		own := strings.Join(strings.SplitN(p.rel(), "/", 3)[:2], "/")
		for _, path := range p.Imports {
			q := goPackage{ImportPath: path}
			if !strings.HasPrefix(path, module+"/") || q.top() != p.top() {
				continue
			}
			shared := strings.HasPrefix(q.rel(), p.top()+"/internal/") || speaks[p.rel()] != "" && strings.HasPrefix(q.rel(), speaks[p.rel()])
			require.True(t, shared || q.rel() == own || strings.HasPrefix(q.rel(), own+"/"), "%s imports %s", p.rel(), q.rel())
		}
	}
}

func TestRetryKnowsNothingOfHTTP(t *testing.T) {
	for _, p := range packages(t) {
		if p.top() == "retry" || p.top() == "secret" {
			require.NotContains(t, p.Deps, "net/http", p.rel())
		}
	}
}

func TestTestHelpersStayOutOfProduction(t *testing.T) {
	helpers := map[string]bool{}
	for _, p := range packages(t) {
		helpers[p.ImportPath] = p.testHelper()
	}
	for _, p := range packages(t) {
		// Programs may: the examples bring their services along, and cmd/standpipe
		// signs as providers do.
		if p.testHelper() || slices.Contains([]string{"examples", "cmd"}, p.top()) {
			continue
		}
		for _, path := range p.Imports {
			require.False(t, helpers[path], "%s imports the test helper %s", p.rel(), path)
			require.NotContains(t, []string{"testing", "testing/synctest", "net/http/httptest"}, path, p.rel())
		}
	}
}

func TestProductionImportsOnlyWhatItMay(t *testing.T) {
	for _, p := range packages(t) {
		allowed := slices.Concat(thirdParty[p.top()], thirdParty[p.rel()])
		if p.testHelper() && !p.public() { // our own tests' helpers, which no user compiles
			allowed = append(allowed, "github.com/stretchr/testify")
		}
		for _, path := range p.Imports {
			first, _, _ := strings.Cut(path, "/")
			if !strings.Contains(first, ".") || strings.HasPrefix(path, module+"/") {
				continue
			}
			ok := slices.ContainsFunc(allowed, func(m string) bool { return path == m || strings.HasPrefix(path, m+"/") })
			require.True(t, ok, "%s imports %s", p.rel(), path)
		}
	}
}
