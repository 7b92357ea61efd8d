package webhook

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// A flood of names leaves no more behind than what several messages have named.
func TestCertTurnsForgetWhatWasNamedOnce(t *testing.T) {
	t.Parallel()
	turns := certTurns{asked: map[string]int{}}
	var genuine certTurn
	for range 5 {
		turns.ask("genuine", &genuine)
	}
	require.Equal(t, 5, genuine.asks)
	for i := range maxAsked - 1 {
		turns.ask(strconv.Itoa(i), &certTurn{})
	}
	require.Len(t, turns.asked, maxAsked, "there is room for as many")
	require.Equal(t, 5, turns.asked["genuine"])
	var last certTurn
	turns.ask("last", &last)
	require.Equal(t, 1, last.asks)
	require.Equal(t, map[string]int{"genuine": 2}, turns.asked)
	turns.ask("genuine", &genuine)
	require.Equal(t, 3, genuine.asks)

	turns.end("genuine", &genuine)
	turns.ask("genuine", &genuine)
	require.Equal(t, 1, genuine.asks, "once fetched it begins anew")
}

func TestCertTurnsWhenAllWereNamedOften(t *testing.T) {
	t.Parallel()
	turns := certTurns{asked: map[string]int{}}
	for range 9 {
		for i := range maxAsked {
			turns.ask(strconv.Itoa(i), &certTurn{})
		}
	}
	turns.ask("one more", &certTurn{})
	require.Len(t, turns.asked, maxAsked)
	require.Equal(t, 4, turns.asked["7"])
}
