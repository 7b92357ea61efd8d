package github_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/github"
)

// What a 422 says of the fields is in the message; GitHub's code is the first one's.
func TestWhatIsWrongWithTheFields(t *testing.T) {
	for body, want := range map[string][2]string{
		`{"message":"Validation Failed","errors":[{"resource":"Issue","field":"title","code":"missing_field"},{"resource":"Label","field":"name","code":"invalid","value":"x"}]}`: {"missing_field", "Validation Failed: Issue.title: missing_field; Label.name: invalid"},
		`{"message":"Validation Failed","errors":[{"resource":"PullRequest","code":"custom","message":"A pull request already exists for o:b."}]}`:                                {"custom", "Validation Failed: PullRequest: A pull request already exists for o:b."},
		`{"message":"Validation Failed","errors":["Only the first 1000 search results are available"]}`:                                                                           {"", "Validation Failed: Only the first 1000 search results are available"},
		`{"message":"Validation Failed","errors":[{"code":"missing"}]}`:                                                                                                           {"missing", "Validation Failed: missing"},
		`{"message":"Validation Failed","errors":[{}, 7, null]}`:                                                                                                                  {"", "Validation Failed"},
		`{"message":"Validation Failed","errors":{"title":"x"}}`:                                                                                                                  {"", "Validation Failed"},
		`{"message":"Invalid request.\n\n\"title\" wasn't supplied."}`:                                                                                                            {"", "Invalid request.\n\n\"title\" wasn't supplied."},
	} {
		c, rt := scripted(t, "200")
		rt.Script(clienttest.JSON(422, body))
		_, err := github.GetUser.Do(t.Context(), c.HTTP, client.None{})
		e, ok := errors.AsType[*client.Error](err)
		require.True(t, ok)
		require.ErrorIs(t, err, client.ErrBadRequest)
		require.Equal(t, want, [2]string{e.Code, e.Message}, body)
	}
}

// What is no error of GitHub's is read as any other.
func TestAnErrorOfAnotherForm(t *testing.T) {
	c, rt := scripted(t, "200")
	rt.Script(clienttest.JSON(400, `{"error":"bad_verification_code","error_description":"The code is wrong."}`))
	_, err := github.GetUser.Do(t.Context(), c.HTTP, client.None{})
	e, ok := errors.AsType[*client.Error](err)
	require.True(t, ok)
	require.Equal(t, []string{"bad_verification_code", "The code is wrong."}, []string{e.Code, e.Message})
}
