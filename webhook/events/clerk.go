package events

// Clerk is an event of Clerk about a D. Source: "Webhooks overview", Clerk docs.
type Clerk[D any] struct {
	Type            string `json:"type"`
	Object          string `json:"object"`
	InstanceID      string `json:"instance_id"`
	Timestamp       Time   `json:"timestamp"`
	Data            D      `json:"data"`
	EventAttributes struct {
		HTTPRequest struct {
			ClientIP  string `json:"client_ip"`
			UserAgent string `json:"user_agent"`
		} `json:"http_request"`
	} `json:"event_attributes"`
}

// ClerkUser is user.created, user.updated and user.deleted; for the last, only
// ID and Deleted are there.
type ClerkUser = Clerk[ClerkUserData]

// ClerkUserData is Clerk's user.
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
	PrimaryPhoneNumberID  string       `json:"primary_phone_number_id"`
	PhoneNumbers          []ClerkPhone `json:"phone_numbers"`
	PublicMetadata        Labels       `json:"public_metadata"`
	PrivateMetadata       Labels       `json:"private_metadata"`
	UnsafeMetadata        Labels       `json:"unsafe_metadata"` // the user can write it
	Banned                bool         `json:"banned"`
	Locked                bool         `json:"locked"`
	CreatedAt             Time         `json:"created_at"`
	UpdatedAt             Time         `json:"updated_at"`
	LastSignInAt          Time         `json:"last_sign_in_at"`
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

// ClerkPhone is one phone number of a user.
type ClerkPhone struct {
	ID           string            `json:"id"`
	PhoneNumber  string            `json:"phone_number"`
	Verification ClerkVerification `json:"verification"`
}

// ClerkVerification says whether and how an address was verified.
type ClerkVerification struct {
	Status   string `json:"status"` // "verified", "unverified", "expired", …
	Strategy string `json:"strategy"`
}
