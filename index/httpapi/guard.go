package httpapi

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// guard refuses requests that a browser was tricked into and callers that ask too
// much, and sets the headers that keep browsers strict.
func (s *service) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		setSecurityHeaders(w.Header())
		if !s.hostAllowed(r) {
			newProblem(http.StatusMisdirectedRequest, "this service does not answer under the name %q; use localhost or the address it listens on", clip(r.Host)).write(w, r)
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead && !sameOrigin(r) {
			newProblem(http.StatusForbidden, "requests on behalf of another web site are not taken").write(w, r)
			return
		}
		if wait, ok := s.rateAllowed(r); !ok {
			newProblem(http.StatusTooManyRequests, "too many requests from this address").later(wait).write(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// contentPolicy lets the page load nothing but what the service itself serves, and
// no script that stands inside a page.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; connect-src 'self'; " +
	"manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

func setSecurityHeaders(h http.Header) {
	h.Set("Content-Security-Policy", contentPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
}

// hostAllowed compares the Host header with the names the service has. Without it
// a web site could point a name of its own at this machine and read the answers.
func (s *service) hostAllowed(r *http.Request) bool {
	local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if local != nil && local.Network() == "unix" {
		return true
	}
	host := hostOf(r.Host)
	if host == "localhost" || s.hosts[host] {
		return true
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	addr = addr.Unmap()
	if addr.IsLoopback() {
		return true
	}
	tcp, ok := local.(*net.TCPAddr)
	return ok && tcp.AddrPort().Addr().Unmap().WithZone("") == addr.WithZone("")
}

// hostOf is the name or address in a Host header, in lower case and without port.
func hostOf(header string) string {
	host := header
	if h, _, err := net.SplitHostPort(header); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// sameOrigin reports whether a write comes from our own page or from a program
// that is no browser.
func sameOrigin(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
	default:
		return false
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && u.Host != "" && strings.EqualFold(u.Host, r.Host)
}

// isLocal reports whether the caller is on this machine.
func isLocal(r *http.Request) bool {
	if local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok && local.Network() == "unix" {
		return true
	}
	addr, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && addr.Addr().Unmap().IsLoopback()
}

func (s *service) rateAllowed(r *http.Request) (time.Duration, bool) {
	if local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok && local.Network() == "unix" {
		return 0, true
	}
	cost := 1.0
	if r.URL.Path == base+"/search" {
		cost = searchCost
	}
	key, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		key = r.RemoteAddr
	}
	if isLocal(r) {
		return s.rates.take(key, cost, s.limits.LoopbackRate, s.limits.LoopbackBurst)
	}
	if addr, err := netip.ParseAddr(key); err == nil && addr.Is6() && !addr.Is4In6() {
		// One machine has a whole /64 to speak from.
		if prefix, err := addr.WithZone("").Prefix(64); err == nil {
			key = prefix.String()
		}
	}
	return s.rates.take(key, cost, s.limits.RemoteRate, s.limits.RemoteBurst)
}
