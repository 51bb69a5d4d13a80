package sqldb

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/ciokit/cio/kit/source"
)

// tlsMode says how a connection must be encrypted, in the words of PostgreSQL. A later value is stricter.
type tlsMode int

const (
	tlsUnsaid     tlsMode = iota
	tlsDisable            // never
	tlsPrefer             // if the server can
	tlsRequire            // always, whoever the server is
	tlsVerifyCA           // and its certificate is from a known authority
	tlsVerifyFull         // and for its name
)

var tlsModes = []string{tlsDisable: "disable", tlsPrefer: "prefer", tlsRequire: "require", tlsVerifyCA: "verify-ca", tlsVerifyFull: "verify-full"}

// tlsAsked is what a URL says about the encryption of its connection.
type tlsAsked struct {
	mode        tlsMode
	allow       bool   // PostgreSQL's allow: only if the server insists
	ca          string // file of the authorities; "system" for those of this machine
	cert, certK string // files of the certificate and the key of the client
}

// plain returns a name or a value without the differences between spellings: ssl-mode, sslMode and SSL_MODE are the same.
func plain(s string) string { return strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(s)) }

// tlsValues are the values of a parameter of TLS, in plain form.
var tlsValues = map[string]map[string]tlsMode{
	"sslmode": {"disable": tlsDisable, "disabled": tlsDisable, "false": tlsDisable, "prefer": tlsPrefer, "preferred": tlsPrefer, "require": tlsRequire, "required": tlsRequire,
		"verifyca": tlsVerifyCA, "verifyfull": tlsVerifyFull, "verifyidentity": tlsVerifyFull},
	"tls":                     {"true": tlsVerifyFull, "false": tlsDisable, "skipverify": tlsRequire, "preferred": tlsPrefer},
	"ssl":                     {"true": tlsRequire, "false": tlsDisable},
	"usessl":                  {"true": tlsRequire, "false": tlsDisable},
	"requiressl":              {"true": tlsRequire, "false": tlsUnsaid},
	"ssldisabled":             {"true": tlsDisable, "false": tlsRequire},
	"verifyservercertificate": {"true": tlsVerifyFull, "false": tlsUnsaid},
	"sslverifyservercert":     {"true": tlsVerifyFull, "false": tlsUnsaid},
	"sslverifyidentity":       {"true": tlsVerifyFull, "false": tlsUnsaid},
	"sslverifycert":           {"true": tlsVerifyCA, "false": tlsUnsaid},
	"trustservercertificate":  {"true": tlsUnsaid, "false": tlsVerifyFull},
}

// readTLS removes the parameters of TLS from those of a URL, in all the spellings of the drivers and clients of either database. The strictest one
// wins. It is an error if one asks for encryption and another for none.
func (a *address) readTLS() (asked tlsAsked, err error) {
	var none, some string
	a.params = slices.DeleteFunc(a.params, func(p param) bool {
		name := plain(p.name)
		switch name {
		case "sslca", "sslrootcert":
			asked.ca = p.value
			return true
		case "sslcert":
			asked.cert = p.value
			return true
		case "sslkey":
			asked.certK = p.value
			return true
		}
		values := tlsValues[name]
		if values == nil {
			return false
		}
		value := plain(p.value)
		switch value {
		case "1", "yes", "on":
			value = "true"
		case "0", "no", "off":
			value = "false"
		case "allow":
			if name == "sslmode" {
				asked.allow = true
				return true
			}
		}
		mode, ok := values[value]
		switch {
		case !ok && err == nil:
			known := "true or false"
			switch name {
			case "sslmode":
				known = "disable, allow, prefer, require, verify-ca or verify-full"
			case "tls":
				known = "true, skip-verify, preferred or false"
			}
			err = badURL("has a value of " + spelling(name) + " that is unknown; it must be " + known)
		case mode == tlsDisable:
			none = spelling(name)
		case mode > tlsDisable:
			some = spelling(name)
		}
		asked.mode = max(asked.mode, mode)
		return true
	})
	switch {
	case err != nil:
		return asked, err
	case none != "" && (some != "" || asked.ca != ""):
		return asked, badURL("asks for encryption, by " + cmpOr(some, "a file of authorities") + ", and for none, by " + none + "; remove one of them")
	case (asked.cert == "") != (asked.certK == ""):
		return asked, badURL("has only one of sslcert and sslkey; give both")
	case asked.ca == "system":
		asked.mode = tlsVerifyFull
	case asked.ca != "":
		asked.mode = max(asked.mode, tlsVerifyCA)
	case asked.mode == tlsUnsaid && asked.cert != "":
		asked.mode = tlsRequire
	}
	return asked, nil
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// spelling is the usual spelling of the parameter with this plain name.
func spelling(name string) string {
	switch name {
	case "usessl":
		return "useSSL"
	case "requiressl":
		return "requireSSL"
	case "ssldisabled":
		return "ssl_disabled"
	case "verifyservercertificate":
		return "verifyServerCertificate"
	case "sslverifyservercert":
		return "ssl-verify-server-cert"
	case "sslverifycert":
		return "ssl_verify_cert"
	case "sslverifyidentity":
		return "ssl_verify_identity"
	case "trustservercertificate":
		return "trustServerCertificate"
	}
	return name
}

// config returns the configuration for a server with this name; nil for none.
func (asked tlsAsked) config(server string) (*tls.Config, error) {
	cfg := &tls.Config{ServerName: server, InsecureSkipVerify: asked.mode < tlsVerifyFull}
	switch {
	case asked.mode == tlsDisable:
		return nil, nil
	case asked.ca != "" && asked.ca != "system":
		pem, err := os.ReadFile(asked.ca)
		if err != nil {
			return nil, fmt.Errorf("sqldb: the authorities of sslrootcert cannot be read: %w", err)
		}
		if cfg.RootCAs = x509.NewCertPool(); !cfg.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("sqldb: %s contains no certificate of an authority", asked.ca)
		}
	}
	if asked.mode == tlsVerifyCA {
		cfg.VerifyConnection = func(state tls.ConnectionState) error { return verifyAuthority(cfg.RootCAs, state) }
	}
	if asked.cert != "" {
		pair, err := tls.LoadX509KeyPair(asked.cert, asked.certK)
		if err != nil {
			return nil, fmt.Errorf("sqldb: the certificate of sslcert and sslkey cannot be used: %w", err)
		}
		cfg.Certificates = []tls.Certificate{pair}
	}
	return cfg, nil
}

// verifyAuthority checks that a known authority has signed the server's certificate, for any name.
func verifyAuthority(roots *x509.CertPool, state tls.ConnectionState) error {
	if len(state.PeerCertificates) == 0 {
		return errors.New("the server has no certificate")
	}
	opts := x509.VerifyOptions{Roots: roots, Intermediates: x509.NewCertPool()}
	for _, c := range state.PeerCertificates[1:] {
		opts.Intermediates.AddCert(c)
	}
	_, err := state.PeerCertificates[0].Verify(opts)
	return err
}

// secured describes a connection. state is nil if it is not encrypted.
func secured(state *tls.ConnectionState, mode tlsMode, local bool) *source.Connection {
	c := &source.Connection{Local: local, Verified: source.VerifiedNothing}
	if state == nil {
		return c
	}
	c.Encrypted, c.Protocol = true, tls.VersionName(state.Version)
	switch mode {
	case tlsVerifyCA:
		c.Verified = source.VerifiedAuthority
	case tlsVerifyFull:
		c.Verified = source.VerifiedName
	}
	return c
}
