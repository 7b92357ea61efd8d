package option_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/standpipe-go/standpipe/internal/option"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

type config struct{ said []string }

type opt func(*config) error

func says(text string, err error) opt {
	return func(c *config) error {
		c.said = append(c.said, text)
		return err
	}
}

func TestApply(t *testing.T) {
	var c config
	require.NoError(t, option.Apply[config, opt](&c, nil))
	require.NoError(t, option.Apply(&c, []opt{says("first", nil), says("second", nil)}))
	require.Equal(t, []string{"first", "second"}, c.said)
}

func TestAllMistakesAreNamed(t *testing.T) {
	one, two := errors.New("one is wrong"), errors.New("two is wrong")
	var c config
	err := option.Apply(&c, []opt{says("a", one), nil, says("b", nil), says("c", two)})
	require.ErrorIs(t, err, one)
	require.ErrorIs(t, err, two)
	require.EqualError(t, err, "one is wrong; option 2 of 4 is nil; two is wrong")
	require.Equal(t, []string{"a", "b", "c"}, c.said)
}
