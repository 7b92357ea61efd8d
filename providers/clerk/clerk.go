package clerk

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/secret"
)

// Profile is Clerk's Backend API as package client sees it (Backend API reference,
// version 2026-05-12; Clerk docs, "Rate limits"). Treat it as a constant.
var Profile = client.Profile{
	Name:             "clerk",
	BaseURL:          "https://api.clerk.com/v1",
	Header:           http.Header{"Clerk-Api-Version": {"2026-05-12"}},
	RequestIDHeaders: []string{"Clerk-Trace-Id"},
	LiveKeys:         []string{"sk_live_"},
	Route:            Operations.Route,
	DecodeError:      decodeError,
}

// Operations are those of this package.
var Operations = client.Operations{
	ListUsers, CountUsers, GetUser, CreateUser, UpdateUser, UpdateUserMetadata, BanUser, UnbanUser, DeleteUser,
	ListSessions, GetSession, RevokeSession,
	ListOrganizations, GetOrganization, CreateOrganization, UpdateOrganization, DeleteOrganization,
	ListMembers, ListMembershipsOfUser, AddMember, UpdateMember, RemoveMember, InviteMember,
	ListInvitations, CreateInvitation, RevokeInvitation,
	CreateSignInToken, RevokeSignInToken,
}

// Client is Clerk over the stack. It is safe for concurrent use.
type Client struct {
	// HTTP is given to the operations of this package, and calls the rest of the API.
	HTTP *client.Client
}

// New returns a client for the instance of key, its secret key. The options are those
// of package client.
func New(key secret.Source, opts ...client.Option) (*Client, error) {
	c, err := client.New("", append([]client.Option{
		client.WithProfile(Profile),
		client.WithAuth(client.Bearer(key)),
	}, opts...)...)
	if err != nil {
		return nil, err
	}
	return &Client{HTTP: c}, nil
}

// HTTPClient returns the stack for clerk-sdk-go of any version: the HTTPClient of its
// BackendConfig. It puts the secret of key in place of the SDK's key.
func HTTPClient(key secret.Source, opts ...client.Option) (*http.Client, error) {
	c, err := New(key, opts...)
	if err != nil {
		return nil, err
	}
	return c.HTTP.HTTPClient(), nil
}

// decodeError reads {"errors":[{code, message, long_message}], "clerk_trace_id"}. The
// code is the first one's; long_message names the parameter that is wrong, which message
// leaves out.
func decodeError(status int, h http.Header, body []byte) client.ErrorDetail {
	var said struct {
		Errors []struct {
			Code        string `json:"code"`
			Message     string `json:"message"`
			LongMessage string `json:"long_message"`
		} `json:"errors"`
		TraceID string `json:"clerk_trace_id"`
	}
	if json.Unmarshal(body, &said) != nil || len(said.Errors) == 0 {
		return client.DecodeError(status, h, body)
	}
	var messages []string
	for _, e := range said.Errors {
		if m := cmp.Or(e.LongMessage, e.Message); m != "" {
			messages = append(messages, m)
		}
	}
	return client.ErrorDetail{Code: said.Errors[0].Code, Message: strings.Join(messages, "; "), RequestID: said.TraceID}
}
