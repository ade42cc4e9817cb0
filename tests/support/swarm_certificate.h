// The certificate of a node in a swarm.
#pragma once

namespace dfsck {

// OU = swarm-manager, CN = lqzt0mqsv1t9ysdnnjxhpqnw8, signed by itself.
inline constexpr const char* kSwarmCertificate =
    "-----BEGIN CERTIFICATE-----\n"
    "MIICFzCCAb2gAwIBAgIUDrWBvuB7T59LkRxqLfAvYLd9c4swCgYIKoZIzj0EAwIw\n"
    "YDEiMCAGA1UECgwZenV2OHB5MDkzZnBrdGhnbTJibDNvaHoxcTEWMBQGA1UECwwN\n"
    "c3dhcm0tbWFuYWdlcjEiMCAGA1UEAwwZbHF6dDBtcXN2MXQ5eXNkbm5qeGhwcW53\n"
    "ODAgFw0yNjExMjUwMzEyMDhaGA8yMTI2MTEwMTAzMTIwOFowYDEiMCAGA1UECgwZ\n"
    "enV2OHB5MDkzZnBrdGhnbTJibDNvaHoxcTEWMBQGA1UECwwNc3dhcm0tbWFuYWdl\n"
    "cjEiMCAGA1UEAwwZbHF6dDBtcXN2MXQ5eXNkbm5qeGhwcW53ODBZMBMGByqGSM49\n"
    "AgEGCCqGSM49AwEHA0IABL5CUHBh6FZi9Aqw/bvK3/xnf/0n+Z0Ei2lt/hey6/uX\n"
    "iN/u08Rq2DAaufNF98nV61Zd8Wil5lZQY0Y4XB6sXwmjUzBRMB0GA1UdDgQWBBQj\n"
    "ePUj9eJN7pY0GEHeXGWih6nyCjAfBgNVHSMEGDAWgBQjePUj9eJN7pY0GEHeXGWi\n"
    "h6nyCjAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0gAMEUCIEve6WchI0Cs\n"
    "29FL36k0ruQja7vWvslVlZSfkxGoCo3+AiEA8+7XBw2ByfUKwsyjBmk/pei8Vvt/\n"
    "VxRlBt9DolF6XTQ=\n"
    "-----END CERTIFICATE-----\n";

}  // namespace dfsck
