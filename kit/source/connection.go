package source

// Connection is how safe the way to a database is.
type Connection struct {
	// Encrypted says that nobody on the way can read along, Protocol how: the version of TLS.
	Encrypted bool   `json:"encrypted"`
	Protocol  string `json:"protocol,omitempty"`
	// Verified is what is known of who answers.
	Verified Verified `json:"server_verified"`
	// Local says that the way does not leave this machine: a file, or a Unix socket.
	Local bool `json:"local,omitempty"`
}

// Verified is what of a server's certificate was checked.
type Verified string

// What can have been checked, from the least to the most.
const (
	VerifiedNothing   Verified = "no"        // anybody may have answered
	VerifiedAuthority Verified = "authority" // a known authority has signed the certificate, for whatever name
	VerifiedName      Verified = "name"      // and it is for the name in the URL
)

// Connected is a Source that reads from a database.
type Connected interface {
	// Connection says how. It is nil before there is one.
	Connection() *Connection
}

// String says it in a sentence.
func (c *Connection) String() string {
	switch {
	case c.Encrypted && c.Verified == VerifiedName:
		return "encrypted with " + c.Protocol + "; the server's certificate is from a known authority and for its name"
	case c.Encrypted && c.Verified == VerifiedAuthority:
		return "encrypted with " + c.Protocol + "; the server's certificate is from a known authority, but its name was not compared: sslmode=verify-full does that"
	case c.Local && !c.Encrypted:
		return "on this machine, without a network"
	case c.Encrypted:
		return "encrypted with " + c.Protocol + ", but anybody may have answered: sslmode=verify-full, with sslrootcert=FILE for an authority of your own, verifies the server"
	}
	return "not encrypted: whoever is on the way can read the rows and change them; sslmode=verify-full asks for an encrypted connection to a verified server"
}
