def service(String serviceName) {
    job(serviceName) {
        description("Builds and tests ${serviceName}.")
        logRotator {
            numToKeep(30)
        }
        parameters {
            stringParam('BRANCH', 'main')
            stringParam('PROFILE', 'default')
        }
        scm {
            git {
                remote {
                    url("https://git.example.com/${serviceName}.git")
                    credentials('git-readonly')
                }
                branch('${BRANCH}')
            }
        }
        label('linux && docker')
        triggers {
            cron('H 2 * * *')
            scm('H/15 * * * *')
        }
        wrappers {
            timestamps()
            timeout {
                absolute(30)
            }
        }
        steps {
            shell('make clean')
            shell("make build NAME=${serviceName}")
            shell('make test')
        }
        publishers {
            archiveJunit('build/reports/**/*.xml')
            archiveArtifacts('build/dist/**')
            mailer('team@example.com')
        }
    }
}

(0..<10000).each { number ->
    service(String.format('service-%05d', number))
}
