package events

// Clerk is an event of Clerk about a D. Source: "Webhooks overview", Clerk docs.
type Clerk[D any] struct {
	Type       string `json:"type"`
	Object     string `json:"object"`
	InstanceID string `json:"instance_id"`
	Timestamp  Time   `json:"timestamp"`
	Data       D      `json:"data"`
}

// ClerkUser is user.created, user.updated and user.deleted; for the last, only
// ID and Deleted are there.
type ClerkUser = Clerk[ClerkUserData]

// ClerkUserData is what an application keeps of Clerk's user.
type ClerkUserData struct {
	ID                    string       `json:"id"`
	Deleted               bool         `json:"deleted"`
	ExternalID            string       `json:"external_id"`
	Username              string       `json:"username"`
	FirstName             string       `json:"first_name"`
	LastName              string       `json:"last_name"`
	ImageURL              string       `json:"image_url"`
	PrimaryEmailAddressID string       `json:"primary_email_address_id"`
	EmailAddresses        []ClerkEmail `json:"email_addresses"`
	PublicMetadata        Labels       `json:"public_metadata"`
	CreatedAt             Time         `json:"created_at"`
	UpdatedAt             Time         `json:"updated_at"`
}

// PrimaryEmail returns the primary email address, and whether Clerk verified
// that it is the user's; "" if there is none.
func (u *ClerkUserData) PrimaryEmail() (address string, verified bool) {
	for _, e := range u.EmailAddresses {
		if e.ID != "" && e.ID == u.PrimaryEmailAddressID {
			return e.EmailAddress, e.Verification.Status == "verified"
		}
	}
	return "", false
}

// ClerkEmail is one email address of a user.
type ClerkEmail struct {
	ID           string            `json:"id"`
	EmailAddress string            `json:"email_address"`
	Verification ClerkVerification `json:"verification"`
}

// ClerkVerification says whether an address was verified.
type ClerkVerification struct {
	Status string `json:"status"` // "verified", "unverified", "expired", …
}
