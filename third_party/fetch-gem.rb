# ruby fetch-gem.rb NAME VERSION PLATFORM: downloads one gem into the working folder, from the sources that RubyGems is set
# up with. As `gem fetch`, which first reads the index of all gems: minutes of CPU with RubyGems 3.5 and later.
require "rubygems/name_tuple"
require "rubygems/remote_fetcher"

name, version, platform = ARGV
wanted = Gem::NameTuple.new(name, Gem::Version.new(version), platform)
failures = Gem.sources.each_source.map do |source|
  puts source.download(source.fetch_spec(wanted))
  exit
rescue Gem::RemoteFetcher::FetchError => error
  error.message
end
abort "#{wanted.full_name}: #{failures.join("; ")}"
