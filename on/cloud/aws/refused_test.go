package onaws_test

import (
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	onaws "github.com/standpipe-go/standpipe/on/cloud/aws"
)

// X3: a key that was rotated a moment ago is had when a service refuses the one before,
// and the call does not fail.
func TestX3_AKeyThatAServiceRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.stages["AWSCURRENT"] = "one"
		src := f.manager(t).Secret(onaws.Secret{ID: "app/key"})
		service := clienttest.NewTransport(t, clienttest.Handle(func(w http.ResponseWriter, r *http.Request) {
			f.set(func(f *fake) {
				if r.Header.Get("Authorization") != "Bearer "+f.stages["AWSCURRENT"] {
					w.WriteHeader(http.StatusUnauthorized)
				}
			})
		}))
		api, err := client.New("https://api.test", client.WithAuth(client.Bearer(src)), client.WithTransport(service))
		require.NoError(t, err)
		require.NoError(t, client.Delete(t.Context(), api, "/a"))
		f.set(func(f *fake) { f.stages["AWSCURRENT"] = "two" })
		require.NoError(t, client.Delete(t.Context(), api, "/b"))
		require.Equal(t, 2, f.count())
	})
}
