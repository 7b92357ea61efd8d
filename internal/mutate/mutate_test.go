package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

const sample = `package sample

import "errors"

type box[T any] struct{ n int }

func (b *box[T]) Full(limit int) bool {
	if b.n >= limit {
		return true
	}
	return b.n == limit && limit > 0
}

func Check(n int) (ok bool, err error) {
	for i := 0; i < n; i++ {
		odd := func() bool { return i != 1 }
		if !odd() {
			return false, errors.New("odd")
		}
	}
	return both()
}

func both() (bool, error) { return false, nil }
`

func TestEveryKindOfChangeIsFound(t *testing.T) {
	found, err := mutantsIn("sample.go", []byte(sample))
	require.NoError(t, err)
	var keys []string
	for _, m := range found {
		require.Equal(t, m.was, sample[m.start:m.end])
		keys = append(keys, m.key())
	}
	require.ElementsMatch(t, []string{
		"sample.go (*box[T]).Full: b.n >= limit => b.n > limit",
		"sample.go (*box[T]).Full: b.n >= limit => b.n < limit",
		"sample.go (*box[T]).Full: b.n >= limit => true || (b.n >= limit)",
		"sample.go (*box[T]).Full: b.n >= limit => false && (b.n >= limit)",
		"sample.go (*box[T]).Full: true => false",
		"sample.go (*box[T]).Full: b.n == limit && limit > 0 => !(b.n == limit && limit > 0)",
		"sample.go (*box[T]).Full: b.n == limit && limit > 0 => b.n == limit || limit > 0",
		"sample.go (*box[T]).Full: b.n == limit => b.n != limit",
		"sample.go (*box[T]).Full: limit > 0 => limit >= 0",
		"sample.go (*box[T]).Full: limit > 0 => limit <= 0",
		"sample.go Check: i < n => i <= n",
		"sample.go Check: i < n => i >= n",
		"sample.go Check: i < n => false && (i < n)",
		"sample.go Check: i != 1 => i == 1",
		"sample.go Check: i != 1 => !(i != 1)",
		"sample.go Check: !odd() => true || (!odd())",
		"sample.go Check: !odd() => false && (!odd())",
		"sample.go Check: false => true",
		`sample.go Check: errors.New("odd") => error(nil)`,
		"sample.go both: false => true",
	}, keys)
}

func TestTheSameSeedDrawsTheSameChanges(t *testing.T) {
	drawn := func(seed uint64) (keys []string) {
		found, err := mutantsIn("sample.go", []byte(sample))
		require.NoError(t, err)
		for _, m := range draw(found, seed) {
			keys = append(keys, m.key())
		}
		return keys
	}
	require.Equal(t, drawn(7), drawn(7))
	require.NotEqual(t, drawn(7), drawn(8))
}

// A module of its own, whose tests miss exactly one change.
func TestMeasure(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":  "module example.test/positive\n\ngo 1.26\n",
		"code.go": "package positive\n\nfunc Positive(n int) bool { return n > 0 }\n",
		"code_test.go": `package positive

import "testing"

func TestPositive(t *testing.T) {
	if !Positive(2) || Positive(-2) {
		t.Fail()
	}
}
`,
		"equal.txt": "# why\n\ncode.go Positive: n > 0 => n >= 0 # zero never comes # here\n",
		"stale.txt": "code.go Positive: n > 1 => n >= 1 # gone\n",
		"bare.txt":  "code.go Positive: n > 0 => n >= 0\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	t.Chdir(dir)
	t.Setenv("GOWORK", "off")

	var out strings.Builder
	result, err := run(t.Context(), []string{"100", "."}, &out)
	require.NoError(t, err)
	require.Equal(t, 2, result.counts[noticed], out.String()) // the opposite twice: of the comparison and of the result
	require.Equal(t, 1, result.counts[missed])
	require.InDelta(t, 66.7, result.percent(), 0.1)
	require.False(t, result.enough())
	require.Regexp(t, `MISSED +\S+ +code.go:3 Positive: n > 0 => n >= 0\n`, out.String())
	require.Contains(t, out.String(), "3 changes: 2 noticed, 0 made the tests hang, 1 missed, 0 argued to make no difference: 66.7 % noticed, want 95 %")

	result, err = run(t.Context(), []string{"-equal", "equal.txt", "-jobs", "1", "100", "."}, &out)
	require.NoError(t, err)
	require.True(t, result.enough())
	require.Equal(t, 1, result.counts[arguable])

	result, err = run(t.Context(), []string{"1", "."}, &out)
	require.NoError(t, err)
	require.Equal(t, 1, result.counts[noticed]+result.counts[missed])

	result, err = run(t.Context(), []string{"-match", `code.go Positive: .* => n >=`, "100", "."}, &out)
	require.NoError(t, err)
	require.Equal(t, map[verdict]int{missed: 1}, result.counts)

	result, err = run(t.Context(), []string{"-run", "NoSuchTest", "100", "."}, &out)
	require.NoError(t, err)
	require.Equal(t, map[verdict]int{missed: 3}, result.counts)

	_, err = run(t.Context(), []string{"-equal", "stale.txt", "1", "."}, &out)
	require.ErrorContains(t, err, "stale.txt argues about code that is not there")
	_, err = run(t.Context(), []string{"-equal", "bare.txt", "1", "."}, &out)
	require.ErrorContains(t, err, "bare.txt:1: want FILE FUNCTION: BEFORE => AFTER # ARGUMENT")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = run(ctx, []string{"1", "."}, &out)
	require.ErrorIs(t, err, context.Canceled)

	require.NoError(t, os.WriteFile("code.go", []byte("package positive\n\nfunc Positive(n int) bool { return n < 0 }\n"), 0o600))
	_, err = run(t.Context(), []string{"1", "."}, &out)
	require.ErrorContains(t, err, "the unchanged tests of example.test/positive")
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{nil, {"1"}, {"x", "."}, {"0", "."}, {"-jobs", "0", "1", "."}, {"-no-such", "1", "."}, {"-match", "(", "1", "."}} {
		_, err := run(t.Context(), args, &strings.Builder{})
		require.Error(t, err, args)
	}
}

// Each change that is argued about in equal.txt can be made: of code that has gone or
// has another name, an argument says nothing.
func TestNothingIsArguedOfCodeThatIsGone(t *testing.T) {
	argued, err := readEqual("equal.txt")
	require.NoError(t, err)
	folders := map[string]bool{}
	for key := range argued {
		file, _, _ := strings.Cut(key, " ")
		require.FileExists(t, filepath.Join("..", "..", file))
		folders[filepath.Dir(file)] = true
	}
	require.NotEmpty(t, folders)
	for folder := range folders {
		all, err := mutantsOf(filepath.Join("..", "..", folder))
		require.NoError(t, err)
		require.NotEmpty(t, all, folder)
		require.Empty(t, argued.unused(all), folder)
	}
}
