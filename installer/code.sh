# shellcheck shell=bash
# Part of install.sh: the code to install, as packages that are ready before anything is changed; and the bundle.

fingerprint() { # of a folder that holds the packages; what is beside this script counts, too
    local folder=$1
    {
        cd -- "$folder" && find celestial_nasops healthcheck -type f ! -name '*.pyc' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
        cd -- "$here" && find systemd unified_config.json -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
    } | sha256sum | cut -c1-16
}

pip() { "$stage/pip/bin/python" -m pip --disable-pip-version-check --no-input -q "$@"; }

# What pip met first, for what it says last is often but a note; all its words go before, where there are more.
why_of_pip() {
    [ "$(wc -l <"$stage/pip.log")" -le 1 ] || sed 's/^/    pip: /' "$stage/pip.log" >&2
    { grep -o -m 1 'ERROR: .*' "$stage/pip.log" || tail -n 1 "$stage/pip.log"; } | sed 's/^ERROR: //'
}

make_pip() { [ -d "$stage/pip" ] || "$python" -m venv "$stage/pip"; }

own_wheel() { [ -z "$1" ] || find "$1" -maxdepth 1 -name 'celestial_nasops-*.whl' -print -quit 2>/dev/null || true; }

# Wheels of this checkout and of all that it needs. The source is copied, so that a build leaves nothing in it.
make_wheels() {
    make_pip
    mkdir -p "$stage/source"
    cp -R "$here/pyproject.toml" "$here/README.md" "$here/celestial_nasops" "$here/healthcheck" "$stage/source"
    pip wheel ${wheelhouse:+--no-index --find-links "$wheelhouse"} -w "$1" "$stage/source" 2>"$stage/pip.log"
}

# Sets: program (how to run the code of this installer), print (what tells it from others), site (packages to install, or
# nothing where they are installed).
prepare_code() {
    local source='' wheel made installed why
    installed=$(cat "$prefix/venv/VERSION" 2>/dev/null || true) site=''
    wheelhouse=${wheelhouse:-$([ ! -d "$here/wheels" ] || echo "$here/wheels")}
    local bundled=$python_name
    [ ! -e "$here/PYTHON" ] || bundled=$(cat "$here/PYTHON")
    [ "$bundled" = "$python_name" ] || {
        problem "this bundle is for Python $bundled, and this machine has $python_name" \
            "这个包用于 Python $bundled，而这台机器上是 $python_name" \
            "make one for it where there is a network: ./install.sh --bundle FILE --python ${python_name% *}" \
            "在有网络的地方为它制作一个：./install.sh --bundle FILE --python ${python_name% *}"
        return 0
    }
    wheel=$(own_wheel "$wheelhouse")
    if [ -n "$wheel" ]; then
        "$python" -m zipfile -e "$wheel" "$stage/own"
        source=$stage/own
    fi
    if [ -e "$here/pyproject.toml" ]; then
        [ -z "$source" ] || [ "$(fingerprint "$here")" = "$(fingerprint "$source")" ] || {
            problem "$wheel was not made from this checkout" "$wheel 不是由这份代码制作的" \
                "make it anew: pip wheel -w $wheelhouse $here" "重新制作：pip wheel -w $wheelhouse $here"
            return 0
        }
        source=$here
    fi
    print="$(fingerprint "$source") $python_name"
    # Its words become a part of what is said here. That locale need not be installed.
    local speaking=(env LC_ALL=C.UTF-8)
    [ "$language" = en ] || speaking=(env LC_ALL=zh_CN.UTF-8 PYTHONIOENCODING=utf-8)
    program=("${speaking[@]}" "$prefix/venv/bin/python" -m healthcheck)
    if [ "${installed%% with *}" = "$print" ]; then
        [ "$action" = upgrade ] || return 0 # the packages that it needs are replaced by an upgrade only
    elif [ -n "$installed" ] && [ "$action" != upgrade ]; then
        problem "other code than this is installed in $prefix" "$prefix 中安装的是另一份代码" \
            "replace it: $again --upgrade" "替换它：$again --upgrade"
        return 0
    fi
    made=$wheelhouse
    if [ -z "$wheel" ]; then
        say "getting the packages ready" "准备软件包"
        made=$stage/wheels
        make_wheels "$made" || {
            why=$(why_of_pip)
            problem "the packages can't be had: $why" "无法取得软件包：$why" \
                "without a network, install from a bundle, made where there is one: ./install.sh --bundle FILE" \
                "没有网络时，用在有网络的地方制作的包安装：./install.sh --bundle FILE"
            return 0
        }
    fi
    make_pip
    pip install --no-compile --no-index --find-links "$made" --target "$stage/site" celestial-nasops 2>"$stage/pip.log" || {
        why=$(why_of_pip)
        problem "the packages in $made can't be used: $why" "$made 中的软件包无法使用：$why" \
            "make the bundle anew on a machine like this one" "在与本机相同的机器上重新制作这个包"
        return 0
    }
    print+=" with $(cd "$stage/site" && printf '%s ' *.dist-info)"
    [ "$installed" != "${print% }" ] || return 0
    site=$stage/site
    program=("${speaking[@]}" "PYTHONPATH=$site" "$python" -P -m healthcheck)
}

put_code() {
    [ -n "$site" ] || return 0
    change "put the program into $prefix/venv" "把程序放到 $prefix/venv" || return 0
    local new=$prefix/venv.new old=$prefix/venv.old script packages
    rm -rf "$new" "$old"
    record tree "$new" && record tree "$old" && record tree "$prefix/venv"
    on_undo rm -rf "$new"
    "$python" -m venv --without-pip "$new"
    packages=$(echo "$new"/lib/python3*/site-packages)
    cp -R "$site/." "$packages"
    rm -rf "${packages:?}/bin"
    for script in smoke-check media-sync-daemon; do
        sed "1s|.*|#!$prefix/venv/bin/python|" "$site/bin/$script" >"$new/bin/$script"
        chmod 755 "$new/bin/$script"
    done
    "$new/bin/python" -m compileall -q "$packages" >/dev/null
    printf '%s\n' "${print% }" >"$new/VERSION"
}

swap_code() {
    [ -d "$prefix/venv.new" ] || return 0
    if [ -d "$prefix/venv" ]; then
        on_undo mv "$prefix/venv.old" "$prefix/venv"
        mv "$prefix/venv" "$prefix/venv.old"
    fi
    on_undo rm -rf "$prefix/venv"
    mv "$prefix/venv.new" "$prefix/venv"
}

# Wheels for another Python: what is compiled comes from the index, for each glibc from Debian 8's to Debian 12's; all
# else, such as our own, serves any Python.
make_wheels_for_other() {
    make_wheels "$stage/built" || return
    local minor platforms=()
    for minor in {17..36}; do platforms+=(--platform "manylinux_2_${minor}_${python_name#* }"); done
    find "$stage/built" -name '*.whl' ! -name '*-none-any.whl' -delete
    pip download --only-binary=:all: --python-version "$for_python" --implementation cp "${platforms[@]}" \
        --platform "manylinux2014_${python_name#* }" --find-links "$stage/built" -d "$1" celestial-nasops 2>"$stage/pip.log"
}

make_bundle() {
    find_python
    refuse_if_wrong
    [ -e "$here/pyproject.toml" ] || die "a bundle is made from a checkout, and $here is none" "包由检出的代码制作，而 $here 不是"
    local name=celestial-nasops
    name+=-$(sed -n 's/^version = "\(.*\)"/\1/p' "$here/pyproject.toml")
    local folder=$stage/$name why
    mkdir "$folder"
    if [ -n "$for_python" ]; then
        python_name="$for_python ${python_name#* }"
        make_wheels_for_other "$folder/wheels"
    else
        make_wheels "$folder/wheels"
    fi || {
        why=$(why_of_pip)
        die "the packages can't be had: $why" "无法取得软件包：$why"
    }
    cp -R "$here"/{install.sh,installer,systemd,unified_config.json,LICENSE,README.md,README.zh-CN.md,CHANGELOG.md,docs} "$folder"
    printf '%s\n' "$python_name" >"$folder/PYTHON"
    tar --sort=name --owner=root:0 --group=root:0 -C "$stage" -czf "$bundle.part~" "$name"
    mv -f "$bundle.part~" "$bundle"
    local next="tar -xzf ${bundle##*/} && cd $name && sudo ./install.sh"
    say "made $bundle for Python $python_name; on the edge server: $next" \
        "已为 Python $python_name 制作 $bundle；在边缘服务器上：$next"
}
