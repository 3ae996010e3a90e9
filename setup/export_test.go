package setup

// For tests.
var (
	Certify   = certify
	Certifies = certifies
)
