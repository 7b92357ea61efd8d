package oauthtest

import "net/http"

func (s *Server) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", s.discovery)
	mux.HandleFunc("GET /jwks", s.jwks)
	mux.HandleFunc("GET /authorize", s.authorizePage)
	mux.HandleFunc("POST /authorize", s.authorizeDecision)
	mux.HandleFunc("POST /par", s.pushed)
	mux.HandleFunc("POST /token", s.tokenEndpoint)
	mux.HandleFunc("POST /device_authorization", s.deviceAuthorization)
	mux.HandleFunc("GET /device", s.devicePage)
	mux.HandleFunc("POST /device", s.deviceDecision)
	mux.HandleFunc("POST /revoke", s.revoke)
	mux.HandleFunc("POST /introspect", s.introspect)
	mux.HandleFunc("/userinfo", s.userInfo)
	mux.HandleFunc("GET /logout", s.logout)
	return mux
}

func (s *Server) discovery(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{
		"issuer":                                         s.URL,
		"authorization_endpoint":                         s.URL + "/authorize",
		"token_endpoint":                                 s.URL + "/token",
		"device_authorization_endpoint":                  s.URL + "/device_authorization",
		"pushed_authorization_request_endpoint":          s.URL + "/par",
		"revocation_endpoint":                            s.URL + "/revoke",
		"introspection_endpoint":                         s.URL + "/introspect",
		"userinfo_endpoint":                              s.URL + "/userinfo",
		"end_session_endpoint":                           s.URL + "/logout",
		"jwks_uri":                                       s.URL + "/jwks",
		"require_pushed_authorization_requests":          s.cfg.RequirePAR,
		"authorization_response_iss_parameter_supported": !s.cfg.NoIssParameter,
		"response_types_supported":                       []string{"code"},
		"response_modes_supported":                       []string{"query", "form_post"},
		"subject_types_supported":                        []string{"public"},
		"id_token_signing_alg_values_supported":          []string{"ES256"},
		"code_challenge_methods_supported":               []string{"S256"},
		"dpop_signing_alg_values_supported":              []string{"ES256", "EdDSA", "RS256"},
		"token_endpoint_auth_methods_supported":          []string{"client_secret_basic", "client_secret_post", "private_key_jwt", "none"},
		"grant_types_supported": []string{
			"authorization_code", "refresh_token", "client_credentials", grantDevice, grantJWTBearer, grantTokenExchange,
		},
	})
}
