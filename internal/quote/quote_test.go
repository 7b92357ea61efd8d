package quote_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/standpipe-go/standpipe/internal/quote"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

func TestText(t *testing.T) {
	t.Parallel()
	require.Equal(t, `""`, quote.Text("", 64))
	require.Equal(t, `"a\x1b[2J\n\"b"`, quote.Text("a\x1b[2J\n\"b", 64))
	require.Equal(t, `"abcdef"`, quote.Text("abcdef", 8))
	for _, s := range []string{strings.Repeat("a", 300), strings.Repeat("\x00", 300), strings.Repeat("ä用", 200), strings.Repeat(`"`, 300)} {
		for _, limit := range []int{8, 9, 64, 256} {
			q := quote.Text(s, limit)
			require.LessOrEqual(t, len(q), limit)
			require.True(t, strings.HasPrefix(q, `"`) && strings.HasSuffix(q, `…"`), q)
			require.True(t, utf8.ValidString(q))
		}
	}
}

func TestCut(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"": "", "abc": "abc", "abcd": "abc", "abä": "ab", "ä用": "ä", "用用": "用"} {
		require.Equal(t, want, quote.Cut(in, 3), in)
	}
	require.Empty(t, quote.Cut("用", 1))
	require.Empty(t, quote.Cut("\x80\x80\x80", 2), "what is no rune's start is not kept")
}

func TestClip(t *testing.T) {
	t.Parallel()
	require.Equal(t, "abc", quote.Clip("abc", 3))
	require.Equal(t, "ab…", quote.Clip("abc", 2))
	require.Equal(t, "a…", quote.Clip("aäb", 2), "no rune is split")
	require.Equal(t, "…", quote.Clip("ä", 1))
}
