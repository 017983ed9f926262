package httpapi

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
)

// personaBodyBytesMax fits a persona's name many times over.
const personaBodyBytesMax = 1 << 10

// personaToken signs a token for a persona of the demonstration. Whoever may use it may act as anyone,
// so it answers a page of this very server in a browser on this very machine, and nobody else: the
// peer and the Host keep out other machines and names that were made to point here, Sec-Fetch-Site
// other sites, which cannot set it, and the JSON body what a form can send. No other origin is ever
// allowed here, whatever Options.AllowedOrigins says.
func (s *server) personaToken(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if why := strangerToPage(r); why != "" {
		s.refuse(w, r, http.StatusForbidden, codeForbidden, why)
		return
	}
	persona, err := readPersona(w, r)
	if err != nil {
		s.refuseBadRequest(w, r, err)
		return
	}
	if !slices.Contains(s.Pages.Personas, persona) {
		s.refuse(w, r, http.StatusBadRequest, codeBadRequest, "there is no such persona")
		return
	}
	token, err := s.Pages.PersonaToken(persona)
	if err != nil {
		s.Log.ErrorContext(r.Context(), "token of a persona not signed", "persona", persona, "error", err)
		s.refuse(w, r, http.StatusInternalServerError, codeInternal, "internal error")
		return
	}
	answer, err := json.Marshal(token)
	if err != nil {
		s.Log.ErrorContext(r.Context(), "token of a persona not encoded", "persona", persona, "error", err)
		s.refuse(w, r, http.StatusInternalServerError, codeInternal, "internal error")
		return
	}
	w.Header().Set("Content-Type", string(mediaJSON))
	_, _ = w.Write(answer)
}

// strangerToPage says why a request cannot come from a page of this server on this machine, or "".
func strangerToPage(r *http.Request) string {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	switch {
	case err != nil || !peer.Addr().Unmap().IsLoopback():
		return "tokens of personas are for this machine only"
	case !isLocalHost(r.Host):
		return "tokens of personas are given at localhost, 127.0.0.1 and [::1] only"
	case r.Header.Get("Sec-Fetch-Site") != "same-origin":
		return "tokens of personas are for pages of this server only"
	}
	return ""
}

func isLocalHost(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name == "localhost" || name == "127.0.0.1" || name == "::1"
	}
	return host == "localhost" || host == "127.0.0.1" || host == "[::1]"
}

// readPersona returns the name in the body, or a *badRequest.
func readPersona(w http.ResponseWriter, r *http.Request) (string, error) {
	if !isJSONBody(r.Header) {
		return "", &badRequest{http.StatusUnsupportedMediaType, "the body must be uncompressed application/json in UTF-8"}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, personaBodyBytesMax))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return "", &badRequest{http.StatusRequestEntityTooLarge, "the body is too large to name a persona"}
	case err != nil:
		return "", invalid("the body could not be read to its end")
	}
	var asked struct {
		Persona *string `json:"persona"`
	}
	if err := json.Unmarshal(body, &asked); err != nil || asked.Persona == nil {
		return "", invalid("the body must be a JSON object with a persona")
	}
	return *asked.Persona, nil
}
