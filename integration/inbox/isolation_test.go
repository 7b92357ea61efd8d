package inbox_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestAStricterDatabase has a database whose transactions see nothing new after their
// first statement, unless they say otherwise.
func TestAStricterDatabase(t *testing.T) {
	d := postgres(t)
	for _, level := range []string{"repeatable read", "serializable"} {
		db, err := d.open()
		require.NoError(t, err)
		defer db.Close()
		var name string
		require.NoError(t, db.QueryRow(`SELECT current_database()`).Scan(&name))
		_, err = db.Exec(`ALTER DATABASE "` + name + `" SET default_transaction_isolation = '` + level + `'`)
		require.NoError(t, err)
		for name, test := range map[string]func(*testing.T, database){
			"many at once":                  testGroup,
			"D1 a replay meets a purge":     testReplayMeetsPurge,
			"D1 a purge meets a replay":     testPurgeMeetsReplay,
			"D4 one at a time and in order": testOrder,
			"D2 several workers":            testWorkers,
			"as a guard":                    testGuard,
			"W27":                           testQuarantine,
		} {
			t.Run(level+"/"+name, func(t *testing.T) { test(t, d) })
		}
	}
}
