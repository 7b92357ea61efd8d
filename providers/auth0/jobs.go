package auth0

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/poll"
	"github.com/standpipe-go/standpipe/secret"
)

// The operations on jobs, which Auth0 goes on with after its response. None that begins
// one is repeated once it may have been sent.
var (
	// ImportUsers begins an import of users, 500 KB at most.
	ImportUsers = client.Op[ImportUsersInput, Job]{
		Name: "jobs.import", Method: http.MethodPost, Route: "/jobs/users-imports", Encode: encodeImport,
	}

	// ExportUsers begins an export of all users.
	ExportUsers = client.Op[ExportUsersInput, Job]{Name: "jobs.export", Method: http.MethodPost, Route: "/jobs/users-exports"}

	// SendVerificationEmail begins to send a mail that asks a user to verify an address.
	SendVerificationEmail = client.Op[VerificationEmailInput, Job]{
		Name: "jobs.verification_email", Method: http.MethodPost, Route: "/jobs/verification-email",
	}

	// GetJob fetches a job: how far it is. See WaitForJob.
	GetJob = client.Op[JobInput, Job]{Name: "jobs.get", Route: "/jobs/{id}"}

	// GetJobErrors fetches the users that an import has refused. A response without a
	// body, of a job that has none, is a client.ErrEmptyBody.
	GetJobErrors = client.Op[JobInput, JobErrors]{Name: "jobs.errors", Route: "/jobs/{id}/errors"}
)

// JobInput names a job.
type JobInput struct {
	ID string `path:"id"`
}

// ImportUsersInput is an import of users.
type ImportUsersInput struct {
	ConnectionID string // of a database connection
	Users        []byte // a JSON list, as "Bulk User Import Database Schema" in the Auth0 docs has it
	Upsert       bool   // changes users that are there, rather than refusing them
	ExternalID   string // of your own, which the job keeps
	NoMail       bool   // sends the tenant's owners no mail when it is done
}

func encodeImport(in ImportUsersInput, r *client.Request) error {
	var list []json.RawMessage
	if json.Unmarshal(in.Users, &list) != nil {
		return fmt.Errorf("%w: the users are not a JSON list", client.ErrRequest)
	}
	parts := []client.Part{
		{Name: "connection_id", Value: in.ConnectionID},
		{Name: "users", FileName: "users.json", ContentType: "application/json", Size: int64(len(in.Users)), Open: func() (io.ReadCloser, error) {
			return io.NopCloser(bytes.NewReader(in.Users)), nil
		}},
		{Name: "upsert", Value: strconv.FormatBool(in.Upsert)},
		{Name: "send_completion_email", Value: strconv.FormatBool(!in.NoMail)},
	}
	if in.ExternalID != "" {
		parts = append(parts, client.Part{Name: "external_id", Value: in.ExternalID})
	}
	r.Body = client.Multipart(parts...)
	return nil
}

// ExportUsersInput is an export of users.
type ExportUsersInput struct {
	ConnectionID string        `json:"connection_id,omitempty"` // "" is all connections
	Format       string        `json:"format,omitempty"`        // "csv" or "json"; "" is Auth0's json
	Limit        int           `json:"limit,omitempty"`         // of users; 0 is none
	Fields       []ExportField `json:"fields,omitempty"`        // none: those that Auth0 chooses
}

// ExportField is a field of an export.
type ExportField struct {
	Name     string `json:"name"` // "user_metadata.plan"
	ExportAs string `json:"export_as,omitempty"`
}

// VerificationEmailInput names the user whose address is to be verified.
type VerificationEmailInput struct {
	UserID       string `json:"user_id"`
	ClientID     string `json:"client_id,omitempty"`
	Organization string `json:"organization_id,omitempty"`
}

// Job is what Auth0 goes on with.
type Job struct {
	ID             string       `json:"id"`
	Type           string       `json:"type"`
	Status         string       `json:"status"` // "pending", "processing", "completed", "failed"
	StatusDetails  string       `json:"status_details"`
	ConnectionID   string       `json:"connection_id"`
	ExternalID     string       `json:"external_id"`
	Location       secret.Value `json:"location"` // of a finished export: whoever has the URL has the users
	PercentageDone int          `json:"percentage_done"`
	Summary        *JobSummary  `json:"summary"` // of a finished import, else nil
	CreatedAt      time.Time    `json:"created_at"`
}

// WaitForJob asks how far a job is until it is over, as [poll.Until] does, and returns it
// then. One that has failed is a [poll.Error] that matches poll.ErrFailed.
func WaitForJob(ctx context.Context, c *client.Client, id string, o poll.Options) (Job, error) {
	r, err := GetJob.Request(JobInput{ID: id})
	if err != nil {
		return Job{}, fmt.Errorf("auth0: wait for a job: %w", err)
	}
	return poll.Until(ctx, c, r, o, func(j Job) poll.State {
		switch j.Status {
		case "completed":
			return poll.Done
		case "failed":
			return poll.Failed
		}
		return poll.Running // in whatever way
	})
}

// JobSummary counts the users of an import.
type JobSummary struct {
	Total    int `json:"total"`
	Inserted int `json:"inserted"`
	Updated  int `json:"updated"`
	Failed   int `json:"failed"`
}

// JobErrors are the users that an import has refused.
type JobErrors []JobError

// UnmarshalJSON reads a list, and what is no list as none: a job without errors is sent
// in its place.
func (e *JobErrors) UnmarshalJSON(b []byte) error {
	if !bytes.HasPrefix(bytes.TrimSpace(b), []byte("[")) {
		*e = nil
		return nil
	}
	return json.Unmarshal(b, (*[]JobError)(e))
}

// JobError is a user that an import has refused.
type JobError struct {
	User   json.RawMessage `json:"user"` // as it was given
	Errors []struct {
		Code    string `json:"code"`
		Message string `json:"message"`
		Path    string `json:"path"` // of the field
	} `json:"errors"`
}
