-- What the musician reads of what the session waits for, in sentences.

local ENDED = {
	delivered = "delivered", failed = "failed", cancelled = "cancelled",
	needs_credit = "needs credit", needs_review = "needs a look at it",
}

local news = {}

local function name_of (path)
	return path:match ("[^/]*$")
end

function news.taken (path)
	return ("The bridge has taken %s."):format (name_of (path))
end

function news.refused (path, refusal)
	return ("The bridge does not take %s. %s"):format (name_of (path), refusal.reason)
end

function news.asked_again (path)
	return ("The bridge is there now, and was asked for the stems of %s again."):format (name_of (path))
end

-- Returns in a few words where a job stands, in quarters: whoever says each of them once says no more than is worth it.
function news.where (job)
	if ENDED[job.state] then
		return ENDED[job.state]
	end
	local percent = math.floor (job.progress * 4) * 25
	local doing = job.step ~= "" and job.step or job.state
	return percent > 0 and ("%s, %d %%"):format (doing, percent) or doing
end

-- Returns how a job goes or how it ended; nil where there is nothing to say: the import tells of what was delivered.
function news.of_job (path, job, paused)
	local name, reason = name_of (path), job.reason or ""
	if job.state == "failed" then
		return ("The stems of %s could not be made. %s"):format (name, reason)
	elseif job.state == "needs_credit" or job.state == "needs_review" then
		return ("The stems of %s wait for you. %s"):format (name, reason)
	elseif job.state == "cancelled" then
		return ("The stems of %s were cancelled."):format (name)
	elseif job.state == "queued" then
		return paused and ("%s waits: the bridge is paused."):format (name) or nil
	elseif job.state ~= "delivered" then
		return ("%s: %s."):format (name, news.where (job))
	end
	return nil
end

function news.not_running (path)
	return ("The bridge does not run, so it has not heard of %s. Start it (stembridge up): it is asked again then.")
		:format (name_of (path))
end

function news.nowhere (path)
	return ("There is no sign of a bridge here that could have heard of %s. If it does not run, start it (stembridge up): it "
		.. "is asked again then. If its state folder is not the usual one, nothing more is told here, but the stems come.")
		:format (name_of (path))
end

function news.deaf (path)
	return ("The bridge runs, but does not listen for OSC: it has not heard of %s. stembridge doctor says why. "
		.. "It is asked again as soon as it listens."):format (name_of (path))
end

function news.elsewhere (path, asked, listens)
	return ("The bridge has not heard of %s: it listens at %s, and this script asks at %s. Add the script again in the "
		.. "Script Manager and leave that empty."):format (name_of (path), listens, asked)
end

function news.silent (path)
	return ("The bridge runs, but has not taken %s yet. Its log may say why; the action \"Stembridge: separate a bounce\" "
		.. "asks again."):format (name_of (path))
end

return news
