package inbox

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/webhook"
)

// W12: what makes two events the same one.
func TestW12_Identity(t *testing.T) {
	t.Parallel()
	one := webhook.GuardKey{Endpoint: "e", ID: "1", IDSigned: true}
	same := one
	same.Body = [32]byte{1}
	require.Equal(t, identity(one), identity(same), "a signed identifier counts without the body")
	require.Nil(t, identity(webhook.GuardKey{Endpoint: "e", Body: [32]byte{1}}), "without one it is never the same")

	seen := map[string]string{}
	for name, k := range map[string]webhook.GuardKey{
		"signed":           one,
		"another endpoint": {Endpoint: "f", ID: "1", IDSigned: true},
		"moved over":       {Endpoint: "e1", ID: "", IDSigned: true},
		"another":          {Endpoint: "e", ID: "2", IDSigned: true},
		"a place":          {Endpoint: "e", ID: "1", IDSigned: true, Index: 1},
		"unsigned":         {Endpoint: "e", ID: "1"},
		"another body":     {Endpoint: "e", ID: "1", Body: [32]byte{1}},
	} {
		id := string(identity(k))
		require.Empty(t, seen[id], name)
		seen[id] = name
	}

	body, id := marks(one)
	require.Nil(t, body)
	require.Nil(t, id)
	body, id = marks(webhook.GuardKey{Endpoint: "e", ID: "1", Body: [32]byte{1}})
	require.NotNil(t, body)
	require.NotNil(t, id)
	require.NotEqual(t, body, id)
	body, id = marks(webhook.GuardKey{Endpoint: "e", Empty: true})
	require.Nil(t, body, "nothing is like nothing")
	require.Nil(t, id)
	body, id = marks(webhook.GuardKey{Endpoint: "e", IDSigned: true, Body: [32]byte{1}})
	require.NotNil(t, body, "signed says nothing where there is no identifier")
	require.Nil(t, id)

	require.Nil(t, orderKey("e", ""))
	require.NotEqual(t, orderKey("e", "k"), orderKey("f", "k"))
	require.NotEqual(t, quarantined(identity(one), [32]byte{1}), quarantined(identity(one), [32]byte{2}))
	k := webhook.EventKey{GuardKey: one, Content: [32]byte{7}}
	require.Equal(t, [32]byte{7}, contentOf(k))
	k.GuardKey = webhook.GuardKey{Body: [32]byte{8}}
	require.Equal(t, [32]byte{8}, contentOf(k))
}

func TestStatementsAreNumberedForPostgres(t *testing.T) {
	t.Parallel()
	for d, want := range map[Dialect]string{
		Postgres: "SELECT a FROM app.in_due WHERE b = $1 AND c = $2 FOR UPDATE SKIP LOCKED in",
		SQLite:   "SELECT a FROM app.in_due WHERE b = ? AND c = ?  in",
	} {
		ib := &Inbox{dialect: d, tables: d.names("app.in")}
		require.Equal(t, want, ib.write(`SELECT a FROM {due} WHERE b = ? AND c = ? {skip} {prefix}`))
	}
}
